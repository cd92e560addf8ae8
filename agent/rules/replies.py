"""What the assistant says at once, without any tool."""

from ..calls import Known
from .topics import Topic

HELP = (
    "Name a photo, such as: where was this taken? ~/night.jpg. Then ask: why? show the second, compare 1 and 3, "
    "what does the sign say? how sure are you? Or: which of these three were taken at the same place? "
    "only trust above 0.7, use 5 cues, add ~/holiday to the map, what is on the map? /help lists the commands."
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
    "I know the photos of the map by their coordinates only, and no names of places, no times and no people. "
    "The link in an answer opens a street map, which has the names."
)

_REPLIES: dict[Topic, str] = {
    "help": HELP,
    "greeting": f"Hello. {HELP}",
    "how to add": NAME_A_FOLDER,
    "not added": f"Nothing is added. {NAME_A_FOLDER}",
    "not changed": "Nothing is changed. Say a value to change it, such as: use 5 cues, or: only trust above 0.7.",
    "own position": (
        "A photo's own position, in its EXIF or its name, is never used to find where it was taken; "
        "where it has one, the answer shows it beside the place."
    ),
    "forget": (
        "Nothing is removed here. In a shell, internvl-vpr index PHOTOS --forget FOLDER drops all photos of a folder "
        "from the map, and --prune in place of --forget FOLDER those photos below PHOTOS that are gone."
    ),
    "reset": (
        "The settings are not reset at once: name a value, such as: use 3 cues, or: only trust above 0.7. "
        "/undo takes the latest change back, and /settings shows them."
    ),
    "names": NO_NAMES,
    "map page": "/map writes a page with the map and the answers, in the terminal: /map FILE names its file.",
}
_COMMANDS = {
    "export": "/export FILE writes the conversation",
    "save": "/export FILE writes the conversation",
    "download": "/export FILE writes the conversation",
    "print": "/export FILE writes the conversation",
    "undo": "/undo takes the latest question back",
    "replay": "/replay answers again from the record alone",
    "history": "/history [WORDS] shows what was asked before",
    "session": "/sessions lists the earlier sessions",
    "sessions": "/sessions lists the earlier sessions",
    "continue": "/continue [SESSION] goes on with an earlier session",
    "resume": "/continue [SESSION] goes on with an earlier session",
    "stop": "Ctrl-C gives up a question, and /quit ends the chat",
    "cancel": "Ctrl-C gives up a question, and /quit ends the chat",
}


def reply_to(topic: Topic, known: Known, command: str | None = None) -> str:
    """Return what is said about a topic that needs no tool; `command` is the word of a command's that was used."""
    if topic == "thanks":
        then = "Name another photo, or ask why, how sure, or for the runner-up." if known.photos else HELP
        return f"Good. {then}"
    if topic == "command":
        what = _COMMANDS.get(command or "", "/cost says what this session took")
        if command in ("quit", "exit", "bye", "goodbye", "clear"):
            what = "/quit ends the chat"
        return f"{what}, in the terminal."
    return _REPLIES.get(topic, NOT_UNDERSTOOD)
