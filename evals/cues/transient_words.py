"""Words for what will be gone on another day, and the compounds in which they name something that stays."""

# Singular nouns, by kind; their plurals are made by rule.
NOUNS: dict[str, tuple[str, ...]] = {
    "people": (
        "adult", "bicyclist", "boy", "busker", "child", "commuter", "crowd", "customer", "cyclist", "girl", "jogger",
        "kid", "man", "motorcyclist", "motorist", "musician", "onlooker", "passenger", "passer-by", "passerby",
        "pedestrian", "person", "police officer", "policeman", "shopper", "skateboarder", "street vendor", "tourist",
        "visitor", "waiter", "waitress", "woman", "worker",
    ),
    "vehicles": (
        "aeroplane", "aircraft", "airplane", "ambulance", "automobile", "barge", "bicycle", "bike", "boat", "bus",
        "cab", "camper van", "car", "caravan", "dinghy", "e-bike", "e-scooter", "excavator", "ferry", "fire engine",
        "gondola", "hatchback", "headlight", "helicopter", "jeep", "kayak", "licence plate", "license plate",
        "limousine", "lorry", "minibus", "minivan", "moped", "motor scooter", "motorbike", "motorboat", "motorcycle",
        "number plate", "pickup", "rickshaw", "rowboat", "sailboat", "sailing boat", "scooter", "sedan", "ship",
        "station wagon", "streetcar", "suv", "tail light", "taillight", "taxi", "taxicab", "tractor", "traffic",
        "trailer", "train", "tram", "trolleybus", "truck", "van", "vehicle", "yacht",
    ),
    "weather": (
        "blizzard", "cloud", "drizzle", "fog", "frost", "haze", "icicle", "mist", "puddle", "rain", "raindrop",
        "rainfall", "sleet", "slush", "snow", "snowbank", "snowdrift", "snowfall", "storm", "thunderstorm", "weather",
    ),
    "season": (
        "autumn", "bare branch", "bare tree", "blossom", "christmas decoration", "christmas light", "christmas tree",
        "fallen leaf", "holiday decoration", "leafless tree", "springtime", "summer", "summertime", "winter",
        "wintertime",
    ),
    "light": ("glare", "lens flare", "moonlight", "shadow", "sun", "sunbeam", "sunlight", "sunshine"),
    "time of day": (
        "afternoon", "darkness", "dawn", "daylight", "daytime", "dusk", "evening", "midday", "midnight", "morning",
        "night", "night time", "nightfall", "nighttime", "noon", "sunrise", "sunset", "twilight",
    ),
    "works": (
        "construction barrier", "construction crane", "construction fence", "construction site", "road work",
        "roadwork", "scaffold", "scaffolding", "tower crane", "traffic cone",
    ),
}  # fmt: skip

# Plurals that no rule makes.
PLURALS = {
    "aircraft": "aircraft", "bus": "busses", "child": "children", "fallen leaf": "fallen leaves", "man": "men",
    "passer-by": "passers-by", "passerby": "passersby", "person": "persons", "police officer": "police officers",
    "policeman": "policemen", "woman": "women",
}  # fmt: skip

# What has no plural: adjectives, participles and phrases.
OTHERS: dict[str, tuple[str, ...]] = {
    "people": ("crowded", "people"),
    "vehicles": ("parked",),
    "weather": (
        "blue sky", "blue skies", "clear sky", "clear skies", "cloudy", "dark sky", "flooded", "foggy", "frosty",
        "gray sky", "grey sky", "grey skies", "hazy", "icy", "misty", "night sky", "overcast", "raining", "rainy",
        "snow-capped", "snow-covered", "snowing", "snowy", "stormy", "sunny", "wet", "windy",
    ),
    "season": (
        "autumnal", "early fall", "early spring", "fall colors", "fall colours", "fall foliage", "fall leaves",
        "festive", "in bloom", "in full bloom", "in the fall", "in the spring", "late fall", "late spring",
        "leafless", "spring blossom", "spring flowers", "spring foliage", "wintry",
    ),
    "light": (
        "ambient light", "backlit", "bright light", "brightly lit", "dim light", "dimly lit", "golden hour",
        "low light", "moonlit", "soft light", "sun-drenched", "sun-dappled", "sunlit", "warm light",
    ),
    "time of day": ("after dark", "night-time", "nocturnal"),
    "works": (
        "construction work", "construction works", "road works", "roadworks", "tarpaulin", "under construction",
        "under renovation", "under repair",
    ),
}  # fmt: skip

# Nouns that make a vehicle's or a walker's name that of something that stays: bus stop, pedestrian crossing.
FIXTURES = (
    "access", "alley", "arcade", "area", "barrier", "barn", "bay", "bell", "berth", "bollard", "boulevard", "bridge",
    "building", "button", "cable", "camera", "center", "centre", "channel", "circle", "column", "company",
    "concourse", "cottage", "counter", "crossing", "dealer", "dealership", "depot", "dock", "door", "elevator",
    "entrance", "exit", "factory", "ferry terminal", "footbridge", "garage", "gate", "gauge", "halt", "harbour",
    "hire", "hoop", "house", "housing", "hub", "information", "interchange", "island", "jetty", "junction", "landing",
    "lane", "lift", "line", "locker", "mall", "map", "marking", "mirror", "mover", "museum", "office", "overpass",
    "parking", "passage", "path", "pathway", "pavement", "phase", "pier", "platform", "playground", "plaza", "pole",
    "port", "post", "precinct", "promenade", "pump", "quay", "rack", "rail", "railing", "railway", "ramp", "refuge",
    "rental", "repair", "roundabout", "route", "sharing", "shed", "shelter", "shop", "showroom", "sidewalk", "signal",
    "siding", "slipway", "space", "square", "station", "steps", "stop", "storage", "store", "street", "tank",
    "terminal", "terminus", "track", "tunnel", "turntable", "underpass", "viaduct", "walk", "walkway", "warehouse",
    "wash", "way", "wharf", "wire", "workshop", "yard", "zone",
)  # fmt: skip

# Pictures and signs: what they show does not go away.
PICTURES = (
    "bas-relief", "bust", "carving", "cutout", "cut-out", "effigy", "emblem", "figure", "figurine", "fresco",
    "frieze", "graffiti", "icon", "insignia", "logo", "mannequin", "medallion", "memorial", "model", "monument",
    "mosaic", "motif", "mural", "ornament", "painting", "pictogram", "pictograph", "portrait", "relief", "road sign",
    "sculpture", "sign", "signboard", "silhouette", "stained glass", "statue", "statuette", "symbol", "traffic sign",
    "weathervane",
)  # fmt: skip

# Fixed phrases that hold a word of the lists and name something that stays, as patterns of whole words.
FIXED = (
    r"pedestrian[\s-]lights?",
    r"no[\s-](?:bicycles?|cars?|cycling|entry|left turn|loading|outlet|parking|pedestrians?|right turn|smoking"
    r"|standing|stopping|thoroughfare|through \w+|trespassing|trucks?|u-turn|vehicles?|waiting)"
    r"(?:[\s-]\w+){0,2}?[\s-](?:sign|signs|symbol|marking|markings|zone)",
    r"(?:men|children|workers) (?:at work|crossing|playing) signs?",
    r"traffic[\s-](?:lights?|calm\w+|control\w*|wardens?|box(?:es)?|cabinets?|bumps?)",
    r"(?:car|bus|truck|lorry|bicycle|bike|coach)[\s-]parks?", r"(?:taxi|bike|bicycle|cab|scooter)[\s-]stands?",
    r"taxi[\s-]ranks?", r"man[\s-](?:made|hole|holes)", r"fire[\s-]engine[\s-]red", r"ship[\s-]lap\w*",
    r"crowd(?:[\s-]control)?[\s-]barriers?", r"house[\s-]boats?", r"train[\s-]sheds?", r"boat[\s-]shaped",
    r"(?:day|night|late-night|all-night)[\s-](?:clubs?|shops?|pharmac(?:y|ies)|bars?|markets?|safes?|schools?)",
    r"winter[\s-](?:gardens?|palaces?)", r"summer[\s-](?:houses?|palaces?|theatres?|terraces?)",
    r"sun[\s-](?:terraces?|decks?|blinds?|shades?|screens?|sails?|rooms?|dials?|discs?|bursts?|canop(?:y|ies)"
    r"|umbrellas?|loungers?|bleached|faded|dried)",
    r"morning[\s-]glor(?:y|ies)", r"shadow[\s-](?:gaps?|lines?|joints?|box(?:es)?)", r"wet[\s-](?:docks?|rooms?)",
    r"weather[\s-](?:vanes?|cocks?|stations?|board\w*|beaten|worn|proof\w*|tight|resistant|stained)",
    r"rain[\s-](?:gutters?|pipes?|spouts?|barrels?|waters?|downpipes?|hoods?|chains?|screens?|gardens?|stained)",
    r"storm[\s-](?:drains?|doors?|windows?|shutters?|porch(?:es)?|sewers?)",
    r"snow[\s-](?:guards?|fences?|stops?|stoppers?|poles?|white)", r"fog[\s-](?:horns?|signals?|bells?)",
    r"cloud[\s-](?:white|grey|gray)", r"frost[\s-]proof", r"christmas (?:shops?|stores?)",
    r"sun (?:and|&) moon", r"daylight[\s-](?:openings?|windows?|lamps?)",
)  # fmt: skip

# Capitalised behind a capitalised word of the lists: Sunset Boulevard, Winter Street.
NAMED_PLACES = (
    "Alley", "Ave", "Avenue", "Bar", "Blvd", "Boulevard", "Bridge", "Building", "Cafe", "Café", "Church", "Cinema",
    "Club", "Court", "Drive", "Gallery", "Gardens", "Hall", "Hill", "Hotel", "House", "Inn", "Lane", "Mall", "Palace",
    "Park", "Place", "Plaza", "Pub", "Rd", "Restaurant", "Road", "Row", "Square", "St", "Street", "Theater",
    "Theatre", "Tower", "Way",
)  # fmt: skip
