"""English words that a reply may use though no tool said them, and names of places, which it may not.

The lists err on the safe side: a reply with a word that is missing here is refused, and the rules' own reply replaces
it. The word lists of `evals.cues` judge a model's cues, where "French" is a style and "traffic" a fault, so the two
have nothing to share.
"""


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


SMALL_NUMBERS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}

ORDINARY = word_set("""
    a an the this that these those such same other another each every any some all both either neither no none
    nothing something anything everything one two three four five six seven eight nine ten eleven twelve first
    second third fourth fifth last next former latter few many much more most less least several enough only own
    half single pair

    i me my mine we us our ours you your yours he she it its they them their theirs who whose whom which what where
    when why how there here then now today again already always never often once twice soon still yet ever also too
    just even almost about quite rather very really so as than like unlike well maybe perhaps probably possibly
    certainly surely please yes ok okay sorry thanks thank hello hi welcome sure good great fine alright indeed
    instead otherwise however therefore thus hence moreover besides meanwhile overall actually unfortunately
    together apart alone exactly roughly approximately slightly clearly mostly mainly partly fully directly simply
    ahead away back down up out off on over under above below beyond between among across along through during
    before after since until while because if unless though although whether but and or nor not for with without
    within into onto upon toward towards from to of at by in near around outside inside behind beside beneath
    opposite against per via except despite according regarding based due next close far further farther nearer
    nearest closest there's here's

    am is are was were be been being isn't aren't wasn't weren't do does did done doing don't doesn't didn't have
    has had having haven't hasn't hadn't can could cannot can't couldn't may might must shall should shouldn't will
    would won't wouldn't let let's i'm i've i'll i'd you're you've you'll you'd it's that's what's where's we're
    we've they're there're he's she's who's which's

    add adds answer answers apply ask asks base bear belong belongs begin calculate call calls change changes check
    choose come comes compare compares confirm confirms consider contain contains count counts cover covers decide
    decides depend depends describe describes differ differs distinguish draw drop explain explains fall falls feel
    find finds fit fits follow follows found gave get gets give given gives go goes got guess happen happens help
    helps hold holds identify index judge keep keeps kept know known knows lack lacks lead leads leave left lie lies
    list lists locate look looks made make makes match matches matter mean means meant mention miss name names need
    needs open pick place point points prefer prove proves put raise rank ranks reach rely remain remains rerank
    retrieve return run said saw say says see seem seems seen send set sets share shares show shown shows sign speak
    speaks stand stands start state stay stays stem stop take taken takes talk tell tells tend think thought told
    took trust try tune turn type understand use uses want wait weigh work works wrote write written read reads rest

    agree agrees agreed ask asked count counted reach reaches reached

    sent shot held met cut lost won hit drawn hidden built begun spent kept chosen understood

    latitude longitude latitudes longitudes elsewhere nowhere somewhere anywhere everywhere

    able absent accurate actual additional alike available average bad bare best better big blank blurred bold
    bright broad broken calibrated careful certain cheap clean clear coarse common complete confident confirmed
    correct current dark decisive deep definite different difficult distinct distinctive doubtful dull empty entire
    equal exact false familiar faint final fixed flat free frequent full general gentle genuine happy hard heavy
    high higher highest identical important impossible indexed individual known large larger largest late latest
    light likely limited little local long low lower lowest main median missing narrow necessary new nice normal
    obvious odd old opposite original past plain possible precise present previous private probable public pure
    quick random rare raw real reasonable recent relative reliable remote right rough round safe separate sharp
    short similar simple small smaller smallest special specific square strict strong stronger strongest sufficient
    tall thin tidy tiny tight top total true typical unable uncertain unclear unconfirmed unique unknown unlikely
    unsure unusual useful usual vague valid visible weak weaker weakest whole wide worse worst worth wrong young

    ambiguous geometry grade grades inlier inliers such

    ability accident accord addition advance agreement angle area areas attempt attention background beginning
    behalf bottom case cases cause centre center chance chances choice claim code colour color colours colors
    command comparison conclusion condition conditions confidence connection contents contrast control conversation
    coordinate coordinates corner corners course cosine cosines cue cues data date day days daylight default degree
    degrees description descriptions detail details difference differences direction distance distances doubt
    duplicate edge effect end error errors evidence example examples fact facts feature features file files fire
    focus folder folders form format frame front front-runner future gap glance graph ground group groups guesses
    height hint hours idea image images information intention interest item items kind knowledge label level line
    lines listing location locations looks luck majority map maps margin margins mark mind minute mode model moment
    motion name negative neighbour neighbours neighbor neighbors night noise note notes number numbers object
    objects odds once option options order other others outcome page pages paper part particular parts path paths
    person phone photo photos photograph photographs picture pictures pixels place places plan position positions
    possibility practice principle probability problem product products promise proof purpose quality query question
    questions quotation range ranking reality reason reasons record reference references regard relation reply
    report request result results return risk rows runner runners runner-up runners-up scale scene scenes score
    scores search seconds sense sentence set setting settings shadow shape side sides sight sign signs signboard
    signage similarity similarities size spot spots stage step steps street streets subject sum summary sun surface
    surroundings table term terms test text texts theory thing things threshold thresholds time times title token
    tokens tool tools total truth turn type types use value values vector vectors version view viewpoint views way
    ways weather weight weights width word words work world year years zero zone

    alley arcade arch arches awning balcony balconies bakery bar bay bench brick bricks bridge building buildings
    bush cafe camera canal candidate candidates car cars ceiling chimney church city clock column columns courtyard
    crossing dome door doors doorway doorways dusk entrance entrances facade facades fence field floor floors
    fountain furniture gable gables garden gate gates glass grass hedge hotel house houses iron kerb kiosk lamp
    lamps lane lantern letter letters lettering logo market metal motel mural office ornament ornaments park parking
    path pavement pharmacy pillar pillars plaque pole poster rail railing railings restaurant river road roads roof
    roofs rows school shop shops shopfront sky skyline snow stair stairs station statue stone stones storey storeys
    store story tower town traffic train tram tree trees tunnel village wall walls water weather window windows wood
    yard arched brick-built black blue brown cream dark gold green grey gray pink purple red silver violet white
    yellow wooden

    k n s m km metre metres meter meters tau cutoff strictly fallback describer calibration retrieval retrieved
    retained re-ranked re-ranking localization localisation located unlocated embedding embeddings encoder endpoint
    ledger checksum codebook geotagged geo-tagged drag dropping exif gps utm jpeg png e.g i.e etc vs
""")

# Ordinary words that are also names of towns or countries: with a capital they count as names.
NOT_CAPITALISED = word_set("""
    bath bergen cork derby hall lincoln male march mobile motel nancy nice orange reading rugby split tours us york
""")

# Words that may have capitals anywhere in a sentence.
SYMBOLS = word_set("""
    I I'm I've I'll I'd S K N T τ κ α β R VLAD RootSIFT DINOv2 GPS EXIF UTM JPEG JPG PNG HEIC URL JSON OK WGS VPR
    OCR FAISS XFeat LighterGlue Eq Eqs English OpenStreetMap
""")

# Without the towns in `NOT_CAPITALISED`, which are recognised by their capital.
PLACE_NAMES = word_set("""
    afghanistan albania algeria andorra angola argentina armenia australia austria azerbaijan bahamas bahrain
    bangladesh barbados belarus belgium belize benin bhutan bolivia bosnia botswana brazil brunei bulgaria cambodia
    cameroon canada chile china colombia congo croatia cuba cyprus czechia denmark djibouti ecuador egypt england
    eritrea estonia ethiopia fiji finland france gabon gambia germany ghana greece greenland grenada guatemala
    guinea guyana haiti honduras hungary iceland india indonesia iran iraq ireland israel italy jamaica japan jordan
    kazakhstan kenya kosovo kuwait kyrgyzstan laos latvia lebanon lesotho liberia libya liechtenstein lithuania
    luxembourg macedonia madagascar malawi malaysia maldives mali malta mauritania mauritius mexico moldova monaco
    mongolia montenegro morocco mozambique myanmar namibia nepal netherlands nicaragua niger nigeria norway oman
    pakistan palestine panama paraguay peru philippines poland portugal qatar romania russia rwanda samoa scotland
    senegal serbia singapore slovakia slovenia somalia spain sudan suriname sweden switzerland syria taiwan
    tajikistan tanzania thailand togo tunisia turkmenistan uganda ukraine uruguay uzbekistan vanuatu venezuela
    vietnam wales yemen zambia zimbabwe africa america asia europe antarctica scandinavia

    amsterdam rotterdam utrecht eindhoven groningen maastricht delft leiden haarlem antwerp brussels bruges ghent
    london manchester liverpool birmingham leeds sheffield bristol glasgow edinburgh cardiff belfast dublin oxford
    cambridge paris lyon marseille toulouse bordeaux lille nantes strasbourg montpellier grenoble madrid barcelona
    seville valencia bilbao granada malaga lisbon porto rome milan naples turin florence venice bologna genoa
    palermo verona athens thessaloniki berlin munich hamburg cologne frankfurt stuttgart leipzig dresden nuremberg
    hannover bremen dortmund freiburg heidelberg vienna graz salzburg innsbruck zurich geneva basel bern lausanne
    lucerne prague brno budapest warsaw krakow gdansk wroclaw poznan bratislava ljubljana zagreb belgrade sarajevo
    sofia bucharest istanbul ankara izmir moscow petersburg kyiv kiev lviv odesa minsk riga tallinn vilnius helsinki
    stockholm gothenburg malmo oslo trondheim copenhagen aarhus reykjavik jerusalem haifa beirut damascus baghdad
    tehran dubai riyadh doha cairo alexandria casablanca marrakesh tunis algiers lagos nairobi johannesburg durban
    accra dakar addis delhi mumbai bangalore chennai kolkata hyderabad karachi lahore dhaka kathmandu colombo
    bangkok hanoi saigon jakarta bali manila kuala lumpur beijing shanghai shenzhen guangzhou nanjing hongkong
    taipei seoul busan tokyo osaka kyoto nagoya sapporo sydney melbourne brisbane perth adelaide auckland wellington
    toronto montreal vancouver ottawa quebec chicago boston seattle philadelphia washington baltimore pittsburgh
    detroit minneapolis denver dallas houston miami atlanta orlando manhattan brooklyn francisco angeles vegas
    oakland sacramento california texas florida nevada havana bogota lima quito santiago buenos aires montevideo
    brasilia tuscany provence bavaria catalonia andalusia normandy flanders holland mallorca sicily crete hague
    vatican alps pyrenees riviera louvre broadway soho

    french german dutch belgian spanish portuguese italian greek swiss austrian polish czech hungarian danish
    swedish norwegian finnish russian ukrainian turkish british scottish welsh irish american canadian mexican
    brazilian chinese japanese korean indian vietnamese australian european asian african parisian londoner berliner
    catalan bavarian
""")
