"""What the assistant replies without using a tool."""

from ..calls import Known
from .topics import Topic

HELP = (
    "Name a photo, such as: where was this taken? ~/night.jpg. Then ask: why? show the second, compare 1 and 3, "
    "what does the sign say? how sure are you? Or: which of these three were taken at the same place? "
    "only confirmed, be stricter, I want a guess anyway, use 5 cues, add ~/holiday to the map, what is on the map? "
    "/help lists the commands."
)
NOT_UNDERSTOOD = (
    "I did not understand that. Name a photo, such as: where was this taken? ~/night.jpg, or ask about the latest "
    "answer: why? show the second, how sure are you? /help says more."
)
NOTHING_YET = "No photo has been located yet: name one, such as: where was this taken? ~/night.jpg."
NAME_TWO = "Name two photos or more, such as: are ~/a.jpg and ~/b.jpg of the same place?"
NAME_A_FOLDER = "Name the folder with its path, such as: add ~/holiday to the map."
TOO_LONG = "That is too long to be a question: name the photos in a shorter message."

NO_NAMES = (
    "I only know the coordinates of the photos in the map: no names of places, no times and no people. "
    "The link in an answer opens a street map, which has the names."
)

_REPLIES: dict[Topic, str] = {
    "help": HELP,
    "greeting": f"Hello. {HELP}",
    "how to add": NAME_A_FOLDER,
    "not added": f"Nothing was added. {NAME_A_FOLDER}",
    "not changed": "Nothing was changed. To change a setting, say for instance: use 5 cues, or: only confirmed.",
    "own position": (
        "The position in a photo's EXIF data or file name is never used to find where it was taken; "
        "if there is one, the answer shows it beside the place."
    ),
    "forget": (
        "The chat removes nothing from the map. In a shell, internvl-vpr index PHOTOS --forget FOLDER removes all "
        "photos of a folder from it, and internvl-vpr index PHOTOS --prune those whose files below PHOTOS are gone."
    ),
    "reset": (
        "The settings cannot be reset all at once: give a value, such as: use 3 cues, or: likely is enough. "
        "/undo takes back the latest change, and /settings shows the settings."
    ),
    "names": NO_NAMES,
    "map page": "In the terminal, /map writes a page with the map and the answers; /map FILE chooses the file.",
}
_COMMANDS = {
    "export": "/export FILE writes the conversation",
    "save": "/export FILE writes the conversation",
    "download": "/export FILE writes the conversation",
    "print": "/export FILE writes the conversation",
    "undo": "/undo takes back the latest question",
    "replay": "/replay answers again from what was recorded",
    "history": "/history [WORDS] shows what was asked before",
    "session": "/sessions lists the earlier sessions",
    "sessions": "/sessions lists the earlier sessions",
    "continue": "/continue [SESSION] goes on with an earlier session",
    "resume": "/continue [SESSION] goes on with an earlier session",
    "stop": "Ctrl-C stops a question, and /quit ends the chat",
    "cancel": "Ctrl-C stops a question, and /quit ends the chat",
}


def reply_to(topic: Topic, known: Known, command: str | None = None) -> str:
    """Return the reply for a topic that needs no tool; `command` is the word that was used for a slash command."""
    if topic == "thanks":
        then = "Name another photo, or ask why, how sure, or for the runner-up." if known.photos else HELP
        return f"Good. {then}"
    if topic == "command":
        what = _COMMANDS.get(command or "", "/cost says how much this session has used")
        if command in ("quit", "exit", "bye", "goodbye", "clear"):
            what = "/quit ends the chat"
        return f"In the terminal, {what}."
    return _REPLIES.get(topic, NOT_UNDERSTOOD)
