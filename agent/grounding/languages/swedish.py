"""Swedish."""

import re

from .language import Language, Relations, translations, word_set

_WORDS = word_set("""
    en ett den det de dem denna detta dessa jag du han hon vi ni mig dig oss er honom henne min mitt mina din ditt
    dina sin sitt sina vår vårt våra deras dess man sig som vem vad vilken vilket vilka var när varför hur all
    allt alla varje ingen inget inga annan annat andra samma båda några något någon många mer flera flest få färre nog
    likhet likheten vikt vikten inte icke också även bara men så

    och eller men ty utan för att därför eftersom om då medan fast fastän tills sedan innan efter i på av från
    till med utan vid hos mellan över under genom bakom framför bredvid mot enligt trots inom utanför runt kring
    per ur åt nära

    är var vore varit vara blir blev blivit bli har hade ha haft kan kunde kunna ska skall skulle måste får fick
    få vill ville gör gjorde göra gjort går gick gå kommer kom komma ser såg se sett verkar verkade tycks syns
    finns fanns ligger låg står stod heter hette visar visade visa passar stämmer säger sade säga kallas kallar
    nämn ge ger gav skicka fråga säg vet veta känner känna tror tycker tänker hittar hittade hitta hittat tagen
    taget tagna tagits togs bekräftad bekräftat bekräftas känd läst läser pröva försök öppna kontrollera hör
    betyder innehåller lyder jämför behöver tack varandra hej hallå välkommen godmorgon ursäkta förlåt tyvärr
    gärna snälla naturligtvis säkert ja nej nja jo okej bra rätt

    självklart ledsen varsågod mycket ganska rätt väldigt för nästan ungefär cirka troligen troligtvis sannolikt
    förmodligen kanske möjligen möjligtvis tydligt tydligen enkelt precis exakt verkligen endast dock ändå
    dessutom därefter därmed därifrån alltid ofta ibland aldrig redan nu idag igår snart tillsammans igen vidare
    annars någonstans ingenstans överallt här där likaså såsom enbart dvs alltså

    säker säkra säkrare osäker osäkert oklar oklart okänd okänt tvetydig tvetydigt möjlig möjligt omöjligt bäst
    bästa bättre sämre god goda ny nya nytt gammal gamla stor stora stort liten små hög höga högt högre låg låga
    första andra tredje sista nästa förra stort sett allmänhet fall själva verket alla

    foto foton fotot fotona fotografi fotografiet bild bilden bilder bilderna karta kartan plats platsen platser
    platserna ställe stället ställen läge läget position positionen koordinater koordinaterna latitud longitud
    poäng poängen tröskel tröskeln marginal marginalen avstånd avståndet meter kilometer kandidat kandidaten
    kandidater kandidaterna referens referensen referenser träff träffen träffar träffarna ledtråd ledtråden
    ledtrådar ledtrådarna kännetecken skylt skylten skyltar skyltarna text texten texter ord ordet orden bokstäver
    fasad fasaden fasader vägg väggen mur muren byggnad byggnaden byggnader hus huset husen gata gatan gator
    fönster fönstret tak taket dörr dörren sten tegel geometri geometrin punkter punkterna punkt säkerhet
    säkerheten tvivel svar svaret fråga frågan orsak skäl mapp mappen fil filen filer sökväg sökvägen inställning
    inställningen inställningar inställningarna verktyg verktyget verktygen lista listan resultat resultatet
    exempel del delen två tre fyra fem sex sju åtta nio tio natt natten dag dagen svart vit färg rad detalj
    ordning staden byn världen mitten bakgrunden förgrunden

    titta kolla välj vänta ändra klicka skriv svårt lätt perfekt förstått synd just närvarande uppenbarligen
    dessvärre därtill däremot emellertid egentligen emedan endera faktiskt följaktligen givetvis huvudsakligen
    hittills istället likväl lyckligtvis markera normalt numera oftast omvänt plötsligt senare slutligen snarare
    speciellt särskilt tidigare tillsvidare tvärtom ungefärligen vanligen visserligen åtminstone återigen än
    synlig läsbar läsligt
""")  # fmt: skip

_HAVE = r"\b(?:har|hade|är|blev|har blivit|nu)\b[^.!?\n]{0,60}?\b"

SWEDISH = Language(
    name="Swedish",
    auxiliary="är",
    words=_WORDS,
    determiners=word_set("""
        en ett den det denna detta dessa din ditt dina min mitt mina sin sitt själv mig dig gärna att om
    """),
    relations=Relations(
        before_places=word_set("i på från nära vid till"),
        is_words=word_set("är var heter kallas kallad"),
        places=word_set("""
            stad staden by byn gata gatan torg torget land landet region ort orten ö ön hamn station
            stadsdel
        """),
        read=word_set("""
            skylt skylten skyltar skyltarna text texten texter ord ordet orden bokstäver står stod säger
            lyder läser läst läses läsa skrivet skriven ledtråd ledtråden ledtrådar kännetecken
        """),
        named=word_set("""
            foto fotot bild bilden fil filen referens referensen kandidat kandidaten namn heter
        """),
    ),
    polite=word_set("ni er du"),
    beginnings=re.compile(r".{4,}(?:ligen|ligt|tvis)"),
    following=re.compile(r".{2,}(?:ligen|ligt|het|heten|ning|ningen|else|[^e]en|et|an|na|[aoe]r|[^aeiouyåäö]a|ande)"),
    numbers=translations("""
        one: en ett
        two: två
        three: tre
        four: fyra
        five: fem
        six: sex
        seven: sju
        eight: åtta
        nine: nio
        ten: tio
        eleven: elva
        twelve: tolv
        thirteen: tretton
        fourteen: fjorton
        fifteen: femton
        sixteen: sexton
        seventeen: sjutton
        eighteen: arton
        nineteen: nitton
        twenty: tjugo
        thirty: trettio
        forty: fyrtio
        fifty: femtio
        sixty: sextio
        seventy: sjuttio
        eighty: åttio
        ninety: nittio
        hundred: hundra hundratals
        thousand: tusen tusentals
        million: miljon miljoner
        dozen: dussin dussintals tiotal tiotals
        half: halv halva halvt hälften
        few: par några
        point: komma
        minus: minus
    """),
    units=translations("""
        metres: meter metern metrar
        kilometres: kilometer kilometern
        centimetres: centimeter
        degrees: grad grader
        percent: procent
        minutes: minut minuter
        hours: timme timmar
        seconds: sekund sekunder
        days: dag dagar
        weeks: vecka veckor
        months: månad månader
        years: år århundrade
        miles: mil
        blocks: kvarter
    """),
    compass=translations("""
        north: norr
        south: söder
        east: öster
        west: väster
    """),
    directions=re.compile(
        r"(?:nord|sydost|sydväst|nordost|nordväst|syd|öst|väst)(?:lig\w*|ra|sidan)?|norra|södra|östra|västra|"
        r"(?:norr|söder|öster|väster)(?:ut|om)|(?:nord|syd)(?:östra|västra)"
    ),
    deeds={
        "index_photos": re.compile(_HAVE + r"(?:lagt till|lagts till|tillagda?|indexerat?s?|importerat?s?|"
            r"lärt mig)\b|\bjag lade till\b"),
        "change_settings": re.compile(
            _HAVE + r"(?:ändrat|ändrats|ändrad|ställt in|inställd|inställt|justerat|justerats|satt|höjt|höjts|"
                r"sänkt|sänkts|"
            r"återställt|återställts|uppdaterat|uppdaterats|uppdaterad)\b|\bjag (?:satte|ändrade|höjde|sänkte)\b"
        ),
        "": re.compile(
            _HAVE + r"(?:sparat|sparats|sparad|sparade|exporterat|exporterats|raderat|raderats|tagit bort|skickat|"
                r"skickats|"
            r"laddat upp|laddat ner|flyttat|flyttats|döpt om|kopierat|kopierats|lagrat|lagrats|sökt|letat)\b"
            r"|\bjag (?:sparade|raderade|tog bort|skickade)\b"
        ),
    },
)  # fmt: skip
