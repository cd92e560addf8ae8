"""What can go wrong and what the user can do about it.

    VprError                        exit code 1 unless said otherwise
    ├── UsageError                  2  a setting, a flag or a combination of them
    ├── PhotoError                  2  this file cannot be used as a photograph
    ├── PositionError               2  a position that is written down wrongly
    ├── PackageMissing              1  an optional package is not installed
    ├── WeightsError                1  model weights are missing or not the published ones
    ├── PlaceIndexError             1
    │   ├── IndexMissing            2  no index in that folder
    │   ├── IndexMismatch           2  built with other settings than asked for
    │   ├── IndexDamaged            1  a file of the index fails its checksum, or has another format
    │   └── IndexBusy               1  another process is building it
    ├── NotDescribed                1  one image after another cannot be described
    ├── LedgerError                 1  the record of steps cannot be read or written
    │   └── StepMissing             1  a replay needs a step that the record does not hold
    ├── SessionError                1  the file of conversations cannot be read or written
    ├── RunUnfinished               4  an evaluation's run has not finished, so nothing can be said about it
    ├── EndpointRefused             2  the vision-language endpoint refuses the key, the model or the address
    └── EndpointUnreachable         4  the vision-language endpoint does not answer

Every message is one sentence that names the thing and says what to do. Anything that is
not a `VprError` is a bug and is not caught.
"""


class VprError(Exception):
    """Base of all errors that a user can do something about; `exit_code` is the command's."""

    exit_code = 1


class UsageError(VprError):
    """A setting, a flag or a combination of them cannot be used."""

    exit_code = 2


class PhotoError(VprError):
    """This file cannot be used as a photograph."""

    exit_code = 2


class PositionError(VprError):
    """A position is written down wrongly, in a file name or a table."""

    exit_code = 2


class PackageMissing(VprError):
    """An optional package is needed and not installed."""


class WeightsError(VprError):
    """Model weights are missing, or are not the published ones."""


class PlaceIndexError(VprError):
    """The index of places cannot be used."""


class IndexMissing(PlaceIndexError):
    """There is no index in the folder."""

    exit_code = 2


class IndexMismatch(PlaceIndexError):
    """The index was built with other settings than those asked for."""

    exit_code = 2


class IndexDamaged(PlaceIndexError):
    """A file of the index is missing, fails its checksum or has another format."""


class IndexBusy(PlaceIndexError):
    """Another process is building the index."""


class NotDescribed(VprError):
    """One image after another cannot be described."""


class LedgerError(VprError):
    """The record of steps cannot be read or written."""


class StepMissing(LedgerError):
    """A replay needs a step that the record does not hold."""


class SessionError(VprError):
    """The file of conversations cannot be read or written."""


class RunUnfinished(VprError):
    """An evaluation's run has not finished, so nothing can be said about it."""

    exit_code = 4


class EndpointRefused(VprError):
    """The vision-language endpoint refuses the key, the model or the address: a setting must change."""

    exit_code = 2


class EndpointUnreachable(VprError):
    """The vision-language endpoint does not answer."""

    exit_code = 4
