"""Dutch."""

import re

from .language import Language, Relations, translations, word_set

_WORDS = word_set("""
    de het een der den des deze dit die dat ik je jij u hij zij ze wij we jullie hen hun hem haar mij me jou ons
    mijn jouw uw zijn onze zich er daar hier waar wie wat welk welke wanneer waarom hoe al alle alles allemaal elk
    elke ieder iedere geen ander andere anders zelfde dezelfde hetzelfde beide enkele enige sommige veel vele meer
    meest weinig minder genoeg niets iets niemand iemand niet ook nog maar wel

    en of maar want dus omdat doordat als dan toen terwijl hoewel tenzij zodat indien voordat nadat sinds tot
    totdat in op aan bij van voor naar uit met zonder om over onder boven tussen door achter naast langs tegen
    volgens wegens ondanks binnen buiten rond rondom vanaf vanuit tijdens per te ter ten

    is was waren ben bent zal zullen zou zouden wordt worden werd werden geweest geworden heeft hebben heb had
    hadden kan kunnen kon kunt moet moeten mag mogen wil willen wilt doet doen deed gaat gaan ga komt komen kwam
    ziet zien zie lijkt lijken leek blijkt blijft blijven staat staan stond ligt liggen lag heet heten toont tonen
    laat laten past passen klopt kloppen zegt zeggen zei noemt noemen noem geef geeft geven stuur vraag vragen zeg
    weet weten ken kent kennen denk denkt vind vindt vinden vond gevonden gezien herkend bevestigd bevestigt
    genomen gemaakt genoemd gelezen probeer bekijk controleer hoort horen bestaat bevat betekent luidt leest
    bedankt dank hallo hoi welkom goedemorgen goedendag goedenavond sorry helaas graag alsjeblieft alstublieft
    natuurlijk zeker ja nee oké goed juist

    natuurlijk vanzelfsprekend elkaar beeld staat kort heel erg vrij tamelijk redelijk nogal zeer te bijna
    ongeveer circa waarschijnlijk waarschijnlijker vermoedelijk misschien mogelijk wellicht duidelijk eenvoudig
    precies echt alleen slechts toch echter bovendien daarom daardoor daarna daarmee daarvan daarop hierdoor
    hiermee hiervan hierop waarmee waarvan altijd vaak soms nooit al reeds nu vandaag gisteren straks binnenkort
    samen opnieuw weer verder elders nergens ergens overal tevens evenals zo zodra

    onzeker onduidelijk onbekend bekend bevestigde dubbelzinnig mogelijke onmogelijk best beste beter slechter
    goede nieuw nieuwe oud oude groot grote klein kleine hoog hoge hoger laag lage eerste tweede derde laatste
    volgende vorige totaal algemeen feite beeld geval werkelijkheid plaats

    foto foto's afbeelding afbeeldingen opname opnamen beeld beelden kaart plek plekken plaatsen positie posities
    locatie locaties coördinaten breedtegraad lengtegraad score scores drempel marge afstand afstanden meter
    kilometer kandidaat kandidaten referentie referenties overeenkomst overeenkomsten aanwijzing aanwijzingen
    kenmerk kenmerken bord borden uithangbord tekst teksten woord woorden letter letters opschrift gevel gevels
    muur muren gebouw gebouwen huis huizen straat straten raam ramen dak deur deuren steen baksteen meetkunde
    geometrie punten punt zekerheid vertrouwen twijfel antwoord antwoorden reden redenen map mappen bestand
    bestanden pad instelling instellingen gereedschap hulpmiddel lijst resultaat resultaten voorbeeld deel twee
    drie vier vijf zes zeven acht negen tien nacht dag zwart wit kleur regel detail volgorde

    kijk open kies vergelijk wacht neem verander wijzig voeg typ klik kun moeilijk makkelijk perfect begrepen
    jammer momenteel blijkbaar bijgevolg daarentegen daarnaast derhalve desondanks desnoods doorgaans eerst eerder
    eindelijk enerzijds gelukkig gewoonlijk hoogstens integendeel inmiddels intussen klaarblijkelijk kennelijk
    normaal omgekeerd onlangs overigens sindsdien telkens tenminste tenslotte uiteindelijk vanzelf vervolgens
    voorlopig vooral voorheen weliswaar zichtbaar leesbaar kortom ofwel let
""")  # fmt: skip

_HAVE = r"\b(?:heb|hebben|is|zijn|werd|werden|wordt|worden)\b[^.!?\n]{0,80}?\b"

DUTCH = Language(
    name="Dutch",
    auxiliary="is",
    words=_WORDS,
    determiners=word_set("""
        de het een deze dit die je jouw uw mijn zijn haar ons onze zelf me mij hem of dat
    """),
    relations=Relations(
        before_places=word_set("in te bij uit naar nabij rond"),
        is_words=word_set("is was zijn heet genaamd genoemd"),
        places=word_set("""
            stad dorp plaats wijk straat plein land regio gemeente eiland haven station provincie
        """),
        read=word_set("""
            bord borden uithangbord tekst teksten woord woorden letter letters opschrift staat stond zegt
            luidt leest lezen gelezen geschreven aanwijzing aanwijzingen kenmerk kenmerken
        """),
        named=word_set("foto foto's afbeelding bestand bestanden referentie kandidaat naam genaamd opname"),
    ),
    polite=word_set("u uw"),
    beginnings=re.compile(r".{4,}(?:lijk|lijke|heid)"),
    following=re.compile(r".{2,}(?:lijk|lijke|heid|ige|ste|[^e]en)"),
    numbers=translations("""
        one: één een
        two: twee
        three: drie
        four: vier
        five: vijf
        six: zes
        seven: zeven
        eight: acht
        nine: negen
        ten: tien
        eleven: elf
        twelve: twaalf
        thirteen: dertien
        fourteen: veertien
        fifteen: vijftien
        sixteen: zestien
        seventeen: zeventien
        eighteen: achttien
        nineteen: negentien
        twenty: twintig
        thirty: dertig
        forty: veertig
        fifty: vijftig
        sixty: zestig
        seventy: zeventig
        eighty: tachtig
        ninety: negentig
        hundred: honderd honderden
        thousand: duizend duizenden
        million: miljoen miljoenen
        dozen: dozijn tientallen
        half: half halve
        few: paar enkele enige
        point: komma
        minus: min
    """),
    joiners=("en", "ën"),
    units=translations("""
        metres: meter meters
        kilometres: kilometer kilometers
        centimetres: centimeter centimeters
        degrees: graad graden
        percent: procent
        minutes: minuut minuten
        hours: uur uren
        seconds: seconde seconden
        days: dag dagen
        weeks: week weken
        months: maand maanden
        years: jaar jaren eeuw eeuwen
        miles: mijl mijlen
        blocks: blok blokken huizenblok huizenblokken
    """),
    compass=translations("""
        north: noorden noord
        south: zuiden zuid
        east: oosten oost
        west: westen west
    """),
    directions=re.compile(
        r"(?:noord|zuid|oost|west)(?:oost|west)?elijke?|(?:noord|zuid)(?:oosten|westen|oost|west)|(?:noord|zuid|"
            r"oost|west)kant"
    ),
    deeds={
        "index_photos": re.compile(
            _HAVE + r"(?:toegevoegd|geïndexeerd|geïmporteerd|geleerd|onthouden|opgenomen)\b|\bik voegde\b"
        ),
        "change_settings": re.compile(
            _HAVE + r"(?:gewijzigd|veranderd|ingesteld|aangepast|gezet|verhoogd|verlaagd|teruggezet|bijgewerkt)\b"
            r"|\bik (?:wijzigde|veranderde|zette|verhoogde|verlaagde)\b"
        ),
        "": re.compile(
            _HAVE + r"(?:opgeslagen|bewaard|geëxporteerd|verwijderd|gewist|verzonden|gestuurd|verstuurd|geüpload|"
            r"gedownload|verplaatst|hernoemd|gekopieerd|doorzocht|opgezocht|gezocht)\b"
            r"|\bik (?:sloeg|bewaarde|verwijderde|verstuurde)\b"
        ),
    },
)  # fmt: skip
