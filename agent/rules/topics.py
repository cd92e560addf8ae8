"""What a clause of a message is about, decided by its words; paths have been removed before."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

from .numbers import PHOTO, are_ranks_alone, ranks, without_photo_numbers
from .setting_changes import QUESTION

# fmt: off
Topic = Literal[
    "add", "not added", "not changed", "how to add", "same", "compare", "text", "certainty", "own position",
    "map page", "map", "settings", "why", "candidates", "where", "thanks", "greeting", "command", "help", "forget",
    "reset", "names",
]
# fmt: on

_PLACE = (
    r"(?:places?|locations?|spots?|streets?|corners?|buildings?|scenes?|positions?|sites?|areas?|squares?|addresses)"
)
_POLITE = (
    r"^\W*(?:(?:please|pls|kindly|now|then|and|also|ok|okay|so|first|next|finally|yes|can|could|would|will|you|we|"
    r"let's|let\s+us|just|go|ahead|i|want|to|i'd|i'll|like|need|mind|do|hey|hi|hello|try)\W+)*"
)
_ADD = re.compile(
    _POLITE + r"(?:add(?:ing)?|index|import|learn|remember|include|put|load|scan|ingest|update|extend|enlarge)\b"
)
_MAP_WORD = re.compile(r"\b(?:map|index|database|db|collection|gallery|library|known\s+(?:photos|places)|memory)\b")
_PUT = re.compile(_POLITE + r"(?:include|put|load|scan|update|extend|enlarge|remember|learn)\b")

_NAMED = (
    r"(?:cit(?:y|ies)|towns?|villages?|streets?|roads?|avenues?|country|countries|state|region|continent|district|"
    r"neighbou?rhood|quarter|suburb|buildings?|shops?|stores?|restaurants?|hotels?|landmarks?|monuments?|address(?:es)?)"
)

_PATTERNS: tuple[tuple[Topic, str], ...] = (
    (
        "forget",
        _POLITE + r"(?:(?:remove|delete|forget|drop|erase|exclude|unindex)|take\b.*\b(?:off|out|from))\b"
        rf"(?:.*\b(?:map|index|database|db|collection|gallery|library|folders?|director(?:y|ies)|{PHOTO})\b|\W*$)",
    ),
    (
        "reset",
        r"\b(?:reset|restore|defaults?)\b.*\bsettings?\b|\bsettings?\b.*\b(?:back|defaults?)\b|" + _POLITE + r"reset\b",
    ),
    ("not added", r"\b(?:don't|do\s+not|never|stop|without)\s+(?:\w+\s+)?(?:add|index|import)(?:ing)?\b"),
    (
        "not changed",
        r"\b(?:don't|do\s+not|never|no\s+need\s+to)\s+(?:\w+\s+)?(?:use|change|set|retrieve|trust|take)\b",
    ),
    (
        "how to add",
        r"\bhow\s+(?:do|can|could|should|to)\b.*\b(?:add|index|import)\b|^\W*(?:add|index|import)\W*$",
    ),
    (
        "same",
        rf"\bsame\s+(?:\w+\s+)?{_PLACE}|\b(?:taken|shot|made|are|is|were)\b.*\bthe\s+same\b|\bfar\s+apart\b|"
        rf"\bdistances?\b|\b(?:close|near)\s+(?:to\s+)?(?:each\s+other|together)\b|\b(?:belong|go|are|were)\s+together\b|"
        rf"\b(?:in|at|of)\s+one\s+{_PLACE}|\bdifferent\s+{_PLACE}|\bgroup\b.*\bby\s+{_PLACE}|"
        r"^\W*(?:the\s+)?same\W*$|\bhow\s+far\b(?!\s+off\b)",
    ),
    (
        "compare",
        r"\bcompar(?:e|es|ed|ing|ison)\b|\bdiffer(?:s|ent|ence|ences)?\b|\bside\s+by\s+side\b|\bversus\b|\bvs\b|\bcontrast\b",
    ),
    ("own position", r"\b(?:exif|gps|metadata|geotags?)\b"),
    (
        "text",
        r"\b(?:the|that|this|any|which)\s+signs?\b|\bsigns?\b(?!\s+(?:off|up|in|out|me|us)\b)|\b(?:signage|signpost|lettering|inscriptions?|ocr|number\s*plates?)\b|"
        r"\b(?:did|do|can|could)\s+(?:you|it)\s+(?:\w+\s+)?read\b|\bwhat\s+(?:was|is|were|are)\s+(?:\w+\s+)?read\b|"
        r"\b(?:text|words?|letters?|writing|written)\b.*\b(?:say|says|said|read|see|found|there|it|photo|picture)\b|"
        r"\b(?:what|which|any|the)\s+(?:\w+\s+)?(?:text|words|letters|writing)\b|\bwhat\s+does\s+it\s+(?:say|read)\b|"
        r"\bwhat\s+is\s+written\b|^\W*(?:text|read(?:\s+it)?)\W*$",
    ),
    (
        "certainty",
        r"\bhow\s+(?:\w+\s+)?(?:sure|certain|confident|reliable|accurate|likely|trustworthy|precise|exact|probable|"
        r"good|safe)\b|\b(?:sure|certain|unsure|uncertain|confident|positive)\s*(?:\?|$|about|of|that|enough|it)|"
        r"\b(?:are|aren't|is|isn't)\s+(?:you|it|this|that)\s+(?:\w+\s+)?(?:sure|certain|unsure|confident|right|correct|"
        r"true|wrong|reliable|positive)\b|\b(?:certainty|confidence|probability|reliability|accuracy|likelihood)\b|"
        r"\b(?:can|should|could|do)\s+(?:i|we|you)\s+(?:really\s+)?trust\b|^\W*(?:really|seriously|sure|for\s+sure)\W*$|"
        r"\bhow\s+far\s+off\b|\bhow\s+much\b.*\btrust\b|\bwhat(?:\s+is|\s+was|\s+are|'s)\s+the\s+(?:scores?|odds|chances?)\b|"
        r"\bdo\s+you\s+(?:really\s+)?(?:think|believe)\s+(?:so|that)\b|\bdon't\s+believe\s+(?:you|it|that|this)\b",
    ),
    (
        "map page",
        r"\b(?:show|see|open|draw|plot|put|view)\b.*\b(?:it|this|that|them|answer|place|photo|candidates)\b.*"
        r"\bon\s+(?:a|the)\s+map\b|\b(?:write|make|draw|save|create)\s+(?:me\s+)?(?:a|the)\s+map\b",
    ),
    (
        "map",
        rf"\b(?:what|which|who|how\s+many|how\s+much|how\s+big|how\s+large|is|are|show|describe|summari[sz]e|list|"
        r"tell|did|have|has|about|where)\b.*\b(?:map|index(?:ed)?|database|collection|gallery|library)\b|"
        rf"\bhow\s+many\s+(?:\w+\s+)?(?:{PHOTO}|{_PLACE})\b|^\W*(?:map|the\s+map|map\s+summary|summary)\W*$|"
        r"\bwhat\s+(?:\w+\s+)?(?:areas?|places|cit(?:y|ies)|towns?|regions?|photos)\b.*\b(?:know|cover|have|known)\b|"
        r"\bwhich\s+(?:\w+\s+)?(?:areas?|places|cit(?:y|ies)|towns?|regions?|photos)\b.*\b(?:know|cover|have|known)\b|"
        r"^\W*what\s+do\s+you\s+know\W*$|"
        r"\b(?:did|have|has)\s+(?:you|it)\s+(?:\w+\s+)?(?:add|added|index|indexed|import|imported)\b",
    ),
    (
        "names",
        rf"\b(?:what|which|whose|what's|name\s+of)\s+(?:(?:is|was|are)\s+)?(?:(?:the|this|that)\s+)?(?:name\s+of\s+(?:the|this|that)\s+)?"
        rf"{_NAMED}\b(?!.*\b(?:look|most\s+like)\b)|\bin\s+(?:what|which)\s+{_NAMED}\b|"
        rf"\b(?:what|which)\s+{_PLACE}\b.*\b(?:called|named)\b|\bwhat\s+(?:is|was|are)\b.*\b(?:called|named)\b|"
        rf"\bname\s+of\s+(?:the|this|that)\s+{_PLACE}\b|"
        r"\bwhen\b.*\b(?:taken|shot|captured|recorded)\b|^\W*when(?:\s+(?:was|is|were|did)\b|\W*$)|"
        r"\b(?:what|which|at\s+what)\s+(?:year|month|day|date|time|season|hour)\b.*\b(?:taken|shot|made|captured|recorded)\b|"
        rf"\bhow\s+old\s+(?:is|was|are)\b|\bwho\s+(?:took|shot|made|photographed|captured|lives?|owns?)\b|"
        rf"\bwho\s+(?:is|are|was|were)\s+(?:(?:on|in|at)\b|this\b|that\b|he\b|she\b|they\b|the\s+\w+\s+(?:in|on)\b)|\bwhose\s+{PHOTO}",
    ),
    (
        "settings",
        r"\b(?:settings?|configuration|config|options\s+are\s+set|parameters?)\b|"
        r"\bhow\s+many\s+(?:cues|candidates)\s+(?:do|did|are|is|will)\b(?!.*\b(?:there|found|find|list)\b)|"
        r"\b(?:what|which|what's|how\s+(?:high|low|large|big))\b.*(?:\bthreshold\b|\btau\b|τ|\b[kn]\b)|"
        r"\bis\s+the\s+(?:threshold|tau)\b|^\W*(?:tau|threshold|k|n)\W*$",
    ),
    (
        "help",
        r"\bhelp\b|\bwhat\s+(?:else\s+)?can\s+(?:you|i|we)\b(?!.*\b(?:read|see)\b)|\bhow\s+(?:do|does|can|should)\s+"
        r"(?:i|you|this|it|we)\s+(?:use|work|start|begin|ask|do)\b|\bwho\s+are\s+you\b|\bwhat\s+are\s+you\b|"
        r"\bcommands\b|^\W*(?:show\s+)?(?:the\s+)?(?:instructions|manual|usage|tutorial)\W*$|^\W*\?+\W*$|^\W*what\W*$|"
        r"\bexplain\s+how\s+(?:this|it|that|you|everything)\b",
    ),
    (
        "why",
        r"\bwhy\b|\bexplain\b|\bexplanation\b|\breason(?:s|ing)?\b|\bhow\s+come\b|\bevidence\b|\bjustify\b|"
        r"\bhow\s+(?:did|do|could|can)\s+you\s+(?:\w+\s+)?(?:know|get|find|decide|conclude|come|work|figure|choose|tell|"
        r"reach|arrive|recogni[sz]e|locate|do)\b|\bwhat\s+(?:makes|made)\s+you\b|\bwhat\s+(?:speaks|spoke)\s+for\b|"
        r"\b(?:on\s+what\s+grounds?|based\s+on\s+what|because\s+of\s+what|in\s+what\s+way)\b|\bcues?\b|"
        r"\bwhat\s+(?:did\s+you\s+see|gave\s+it\s+away|matched|matches|(?:did|does|do)\s+(?:it|they)\s+match|do\s+they\s+have\s+in\s+common)\b|"
        r"\bproof\b|\bdescribe\b|\bwhat\s+(?:do|can)\s+you\s+see\b|\bdetails?\b|\btell\s+me\s+more\W*$|\bmore\s+about\s+(?:it|this|that)\b",
    ),
    (
        "candidates",
        rf"\b(?:candidates?|alternatives?|runners?[-\s]?up|short-?list|possibilit(?:y|ies)|ranking)\b|"
        rf"\bwhat\s+else\b|\bwhere\s+else\b|\bwho\s+else\b|\banything\s+else\b|\bsomewhere\s+else\b|\bthe\s+(?:rest|list)\b|"
        rf"\b(?:other|further|more|another)\s+(?:\w+\s+)?(?:{_PLACE}|options?|guess(?:es)?|match(?:es)?|results?|ideas?|"
        rf"ones?|answers?)\b|\btop\s+(?:\d+|ten|five|three)\b|\b(?:show|list|see)\s+(?:me\s+)?(?:them|all|everything|"
        rf"the\s+(?:matches|results|answer|others|list|places)|it\s+again|more|others)\b|\bbest\s+(?:guess|match|one)\b|"
        rf"\b(?:show|list)\s+(?:me\s+)?(?:the\s+)?(?:\w+\s+)?\d+\s+(?:\w+\s+)?(?:{_PLACE}|matches|more|results)\b|"
        r"^\W*(?:(?:show|list)(?:\s+(?:me|again))?|more)\W*$",
    ),
    (
        "where",
        rf"\bwhere\b(?!\s+(?:do|did|are|is)\s+(?:you|your)\b).*\b(?:this|it|that|these|those|they|{PHOTO}|taken|one|here|am\s+i|"
        r"this\s+place|was\s+i|were\s+we)\b|\bwhere\W*$|^\W*(?:the\s+)?place\W*$|^\W*retry\W*$|^\W*where(?:\s+(?:was|is|exactly|now|again))*\W*$|"
        r"\b(?:what|which)\s+(?:\w+\s+)?(?:place|city|town|street|country|location|building|spot|corner|address)\b|"
        r"\bwhat\s+is\s+(?:this|that)\s+(?:place|location)\b|"
        rf"\b(?:locate|geo-?locate)\b|\b(?:location|coordinates?|latitude|longitude|address|position)\b|"
        rf"\b(?:try|ask|look|once|do\s+it)\s+(?:\w+\s+)?again\b|^\W*again\W*$|\brecogni[sz]e\s+(?:this|it|that|the)\b|"
        rf"\bfind\s+(?:out\s+)?(?:where|the\s+place|this|it)\b",
    ),
    (
        "command",
        r"^\W*(?:please\s+|can\s+you\s+)?(?P<command>export|save|undo|replay|quit|exit|bye|goodbye|stop|cancel|history|continue|"
        r"sessions?|resume|clear|download|print)\b|\bhow\s+much\b.*\b(?P<cost>cost|spent|spend|tokens?)\b|"
        r"\bwhat\b.*\bcost\b|\btokens\b",
    ),
    (
        "thanks",
        r"\b(?:thanks?|thank\s+you|thx|ty|cheers|merci|danke|gracias|great|nice|cool|perfect|wonderful|wow|awesome|"
        r"excellent|well\s+done|good\s+job|amazing|impressive|super)\b|^\W*(?:ok|okay|alright|fine|yes|no|got\s+it)\W*$",
    ),
    (
        "greeting",
        r"^\W*(?:hi|hello|hey|hallo|hola|moin|greetings|howdy|yo|good\s+(?:morning|evening|afternoon|day)|"
        r"how\s+are\s+you)\b",
    ),
)
_TOPICS = tuple((topic, re.compile(pattern)) for topic, pattern in _PATTERNS)
_WHY = re.compile(r"\b(?:why|explain)\b")
_WHY_NOT_A_MATCH = re.compile(r"\b(?:sure|unsure|certain|confident|trust|signs?|settings|how\s+(?:this|it|that|you))\b")
_SHOW = re.compile(
    r"\b(?:show|see|display|view|what\s+about|how\s+about|look\s+at|go\s+to|is|take|give|tell|about|"
    r"(?:which|who|what)\b.*\b(?:came|comes|was)|use)\b"
)
_SHOW_PHOTO = re.compile(r"\b(?:show|see|display|view)\b")
_NEXT = (
    r"(?=(?:then\s+|also\s+|please\s+|now\s+)*(?:why|how|what|where|which|show|explain|compare|tell|use|add|index|list|"
    r"retrieve|set|are\s+you|is\s+it|only\s+trust|do\s+you|did\s+you)\b)"
)
_CLAUSES = re.compile(rf"(?<=[?!;\n])|(?<=\.)(?=\s|$)|(?:,\s*(?:and\s+|then\s+|but\s+)?|\s(?:and|then|but)\s+){_NEXT}")


def fold(text: str) -> str:
    """Fold a text as the rules read it: one form of every character, small letters and straight apostrophes."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[^\S\n]+", " ", text.replace("’", "'").replace("‘", "'").replace("dont ", "don't ")).strip()


def clauses(words: str) -> Iterator[str]:
    """Yield the sentences of folded words; several questions or orders joined by "and" are separated."""
    for clause in _CLAUSES.split(words):
        if clause and re.search(r"\w|\?|τ", clause):
            yield clause.strip()


def topic_of(clause: str) -> Topic | None:
    """Say what a folded clause asks for; None if no rule fits."""
    if asks_to_add(clause):
        return "add"
    if _WHY.search(clause) and not _WHY_NOT_A_MATCH.search(clause):
        return "why"
    for topic, pattern in _TOPICS:
        if pattern.search(clause):
            return _refined(topic, clause)
    if _SHOW_PHOTO.search(clause) and without_photo_numbers(clause) != clause:
        return "candidates"
    return "candidates" if ranks(clause, 1) and (are_ranks_alone(clause) or _SHOW.search(clause)) else None


def asks_to_add(clause: str) -> bool:
    """Whether a clause orders to add photographs: it begins with the verb; a question or a "don't" does not count."""
    if not _ADD.search(clause) or QUESTION.search(clause):
        return False
    return bool(_MAP_WORD.search(clause)) or not _PUT.search(clause)


def _refined(topic: Topic, clause: str) -> Topic:
    """Tell a question about a candidate from one about the photo."""
    if topic == "where" and ranks(without_photo_numbers(clause), 1):
        return "candidates"
    return topic
