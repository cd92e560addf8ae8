"""The commands `internvl-vpr eval …` and `internvl-vpr demo`."""
