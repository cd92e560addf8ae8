"""German: all nouns have capitals, so a noun that is unknown counts as a name."""

import re

from .language import Language, Relations, translations, word_set

_NOUNS = word_set("""
    nachbar nachbarn vergleichen foto fotos bild bilder bildes bildern aufnahme aufnahmen photo photos fotografie
    fotografien motiv motive
    ansicht ansichten szene szenen karte karten ort orte orten ortes platz stelle stellen punkt punkte punkten
    punktes position positionen standort standorte koordinate koordinaten breite länge breitengrad längengrad grad
    meter metern kilometer kilometern zentimeter prozent abstand abstände entfernung umgebung nähe gegend region
    gebiet gebiets gebiete stadt städte dorf dörfer straße straßen haus häuser gebäude gebäuden fassade fassaden wand
    wände mauer mauern dach dächer tür türen fenster fenstern eingang eingänge bogen bögen treppe treppen turm türme
    kirche kirchen brücke brücken zaun zäune tor tore laden läden geschäft geschäfte schaufenster ziegel stein steine
    holz glas metall farbe farben licht schatten nacht tag tage tageslicht wetter schnee himmel baum bäume park
    garten wasser verkehr auto autos fahrrad mensch menschen person personen schild schilder schildern schildes
    text texte texten wort worte wörter wörtern buchstabe buchstaben schrift aufschrift inschrift zeichen logo
    zahl zahlen nummer nummern ziffer ziffern name namen titel treffer kandidat kandidaten vergleich vergleiche
    alternative alternativen möglichkeit rang ränge reihe reihen reihenfolge liste listen platzierung ergebnis
    ergebnisse ergebnissen ergebnisses antwort antworten frage fragen vermutung rat hinweis hinweise hinweisen
    hinweises merkmal merkmale merkmalen indiz indizien spur spuren beleg belege beweis beweise grund gründe
    gründen ursache gewicht gewichte gewichtung wert werte werten score scores punktzahl schwelle schwellenwert
    schwellwert grenze grenzen wahrscheinlichkeit sicherheit unsicherheit zweifel vertrauen übereinstimmung
    übereinstimmungen ähnlichkeit ähnlichkeiten unterschied unterschiede geometrie kosinus cosinus blick
    blickwinkel blickwinkels abweichung abweichungen ursache winkel perspektive richtung richtungen seite seiten
    ecke ecken mitte rand hintergrund vordergrund
    anfang ende teil teile rest art weise form formen größe höhe fall fälle beispiel sinn zusammenhang problem
    probleme fehler ausnahme einstellung einstellungen option optionen datei dateien dateiname dateinamen ordner
    ordners ordnern pfad pfade pfads pfades verzeichnis werkzeug werkzeuge tool tools modell modelle beschreibung
    beschreibungen ledger protokoll suche mal male uhr zeit jahr jahre minute minuten stunde stunden sekunde
    sekunden moment augenblick schritt schritte referenz referenzen referenzfoto referenzbild anfrage query
    original kopie kopien dank hallo entschuldigung bescheid recht gewissheit anhaltspunkt anhaltspunkte lage
    stück detail details gesamtbild paar marke marken motel hotel restaurant café bahnhof schule apotheke
    supermarkt parkplatz kirchturm rathaus balkon balkone giebel stockwerk stockwerke etage etagen erdgeschoss
    säule säulen brunnen laterne laternen straßenlaterne leuchtschrift neonschild quote quoten ausschlag schluss
    folgerung auge augen blatt bereich ebene abschnitt gruppe gruppen kreuzung kurve bordstein pflaster asphalt
    aussehen funktion funktionen browser abgleich sammlung vorsicht speicherort befehl befehle land länder
    eindruck kommentar wunsch rückfrage nachfrage zeile zeilen link adresse internet webseite programm computer
    rechner umfang bedarf rahmen stand ansatz weg ziel plan idee ideen thema satz begriff ausdruck gefühl
    interesse geduld vorschlag vorschläge ratschlag tipp regel regeln prinzip kriterium kriterien faktor faktoren
    einfluss wirkung folge folgen risiko gefahr chance verdacht annahme wahl nutzer benutzer assistent leute
    hausnummer rundbogen klinker schriftzug reklame werbung plakat ampel schiene gleis bürgersteig gehweg hof
    einfahrt garage kamin schornstein satteldach gaube erker sims geländer gitter vordach markise jalousie sonne
    regen winter sommer herbst frühling abend mittag dunkelheit beleuchtung lampe laub blätter hecke rasen gras
    wiese hügel fluss kanal see meer küste ufer grundlage basis vergleichsfoto aussicht blickfeld versuch
    gesamtwert mindestwert stichwort stichworte bildes fotografen wahrheit sache sachen ding dinge zeitpunkt dauer
    beginn auflösung qualität format größenordnung bezeichnung überprüfung übersicht zusammenfassung nachricht
    nachrichten anweisung anweisungen eigenschaft eigenschaften bildschirm kamera kameras gerät abdruck muster
    struktur oberfläche material backstein beton putz nachbarschaft verfügung gegensatz gegenteil verbindung bezug
    hilfe sicht lösung auswahl anzahl menge summe durchschnitt hälfte drittel mehrheit reihenhaus inhalt angabe
    angaben information informationen daten datum aussage auskunft nachweis
""")

# What nouns begin with, besides other nouns.
_STEMS = word_set("rund spitz hoch holz neon ziegel sand natur reihen dreh doppel gesamt haupt neben rück vorder unter")

_WORDS = word_set("""
    der die das den dem des ein eine einen einem einer eines kein keine keinen keinem keiner keines dieser diese
    dieses diesen diesem jener jene jenes jede jeder jedes jedem jeden alle allen aller alles beide beiden beides
    manche einige einigen einiger etwas nichts viel viele vielen mehr mehrere mehreren wenig wenige weniger genug
    selbe selben dieselbe dieselben derselbe derselben demselben denselben dasselbe andere anderen anderer anderes
    anderem

    ich du er sie es wir ihr mich mir dich dir uns euch ihn ihm ihnen ihr ihre ihren ihrem ihrer ihres mein meine
    meinen meinem meiner dein deine deinen deinem deiner sein seine seinen unser unsere man sich wer was wen wem
    welche welcher welches welchen wo wann warum wieso weshalb wie woher wohin dort hier da dann daher darum
    deshalb deswegen davon dafür dagegen dazu damit daran darauf darin daraus darüber darunter dabei dahinter
    davor danach daneben womit worauf woran wovon jemand niemand

    und oder aber denn sondern doch weil dass daß ob wenn als falls obwohl während bis seit bevor nachdem sobald
    solange indem sowie sowohl weder noch entweder beziehungsweise also jedoch trotzdem dennoch allerdings
    außerdem zudem übrigens nämlich zwar immerhin

    in im ins an am ans auf aufs aus bei beim mit von vom vor zu zum zur für gegen ohne um über unter nach neben
    zwischen durch hinter trotz wegen laut gemäß innerhalb außerhalb entlang ab je pro

    ist sind war waren wäre wären bin bist sei seien wird werden wurde wurden würde würden worden gewesen geworden
    hat habe haben hast hatte hatten hätte hätten kann können könnte könnten konnte konnten muss müssen müsste
    soll sollen sollte sollten will wollen darf dürfen dürfte mag möchte möchten lässt lassen gibt geben gab
    gehört gehören liegt liegen lag steht stehen stand heißt zeigt zeigen zeigte passt passen passte stimmt
    stimmen stimme sieht sehen sehe scheint scheinen schien spricht sprechen sagt sagen sagte kommt kommen kam
    bleibt bleiben findet finden fand stammt stammen nennt nennen nenne nennst gib gebe geben sage sag schick
    schicke frag frage lade öffne prüfe prüfen wähle wählen vergleiche vergleichen vergleicht verwende verwendet
    benutze nutze brauche braucht benötige weiß wissen wusste kenne kennt kennen glaube glauben denke vermute
    halte hält reicht entspricht enthält enthalten erkennt erkennen erkenne bedeutet lautet lauten liest lesen
    lese gelesen gefunden gesehen geprüft erkannt bestätigt bestätigen aufgenommen fotografiert entstanden
    entfernt bekannt unbekannt gemeint gefragt genannt erwähnt versuche versuchen versuch beachte beachten bitte
    danke gern gerne hallo willkommen guten gute guter tag morgen abend tut leid nein ja doch jawohl ok okay klar
    genau richtig falsch stimmt

    natürlich selbstverständlich nicht nie niemals nur auch schon noch sehr ziemlich recht ganz fast etwa ungefähr
    circa rund wohl vielleicht möglicherweise eventuell vermutlich wahrscheinlich wahrscheinlicher
    wahrscheinlichste wahrscheinlichsten sicher sicherer sicherlich bestimmt gewiss eindeutig deutlich leider zum
    hingegen eher kaum gar so zu allzu einfach zusammen insgesamt weiter weiterhin wieder erneut nun jetzt heute
    gestern bisher zuvor zuerst zunächst zuletzt schließlich immer meist meistens manchmal oft selten gleich
    gleiche gleichen gleicher gleiches ebenfalls ebenso sonst anders stattdessen insbesondere besonders
    tatsächlich offenbar offensichtlich anscheinend scheinbar sowieso bereits direkt allein alleine nah nahe näher
    nächste nächsten nächster weit oben unten links rechts vorne hinten mitten überall nirgends nirgendwo irgendwo
    woanders anderswo

    unklar klar offen unsicher unbestätigt mehrdeutig gut besser beste besten bester bestes schlecht schlechter
    neu neue neuen neues neuer alt alte alten altes groß große großen großer großes klein kleine kleinen hoch hohe
    hohen hoher hohes höher höchste höchsten niedrig niedriger kurz kurze lang lange stark starke starken schwach
    schwache möglich mögliche möglichen unmöglich ähnlich ähnliche ähnlichen ähnlicher ähnlichsten gesamt einzige
    einzigen einzelne einzelnen letzte letzten letzter erste ersten erster erstes zweite zweiten zweiter zweites
    zweitbeste dritte dritten dritter weitere weiteren weiterer folgende folgenden verschiedene verschiedenen
    richtige richtigen ganze ganzen rote roten roter rotes rot blau blaue blauen grün grüne grünen gelb gelbe
    gelben weiß weiße weißen schwarz schwarze grau graue braun braune hell helle dunkel dunkle strenger streng
    strikt

    null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf

    kannst könntest möchtest willst musst sollst darfst bislang derzeit momentan aktuell vorerst stell stelle zeig
    zeige schau sieh hör nimm wähl such suche schließe tippe klicke starte warte merke ändere füge lösche vergiss
    schwer schwierig leicht möglichst notfalls andernfalls ansonsten anschließend dazwischen demnach entsprechend
    folglich gegebenenfalls hierfür hierzu hierbei hiermit infolgedessen inzwischen jedenfalls jederzeit
    keinesfalls letztlich mittlerweile nachher normalerweise rein schlicht somit soweit sodass spätestens stets
    überhaupt umgekehrt unabhängig ursprünglich vielmehr voraussichtlich vorher weitgehend wenigstens wiederum
    wobei wodurch zugleich zumindest zusätzlich zweifellos zweifelsfrei erst knapp lediglich mindestens höchstens
    drittens zweitens erstens sichtbar lesbar erkennbar vergleichbar ausreichend passend gemeinsam bzw egal fertig
    beträgt betragen bald meinst suchst brauchst moin servus tschüss
    erledigt verstanden einverstanden super prima schade hm tja na ach aha
""") | _NOUNS  # fmt: skip

_HAVE = r"\b(?:habe|haben|hab|wurde|wurden|worden|ist|sind)\b[^.!?\n]{0,80}?\b"

GERMAN = Language(
    name="German",
    auxiliary="ist",
    words=_WORDS,
    nouns=_NOUNS | _STEMS,
    nouns_have_capitals=True,
    polite=word_set("sie ihnen ihr ihre ihren ihrem ihrer ihres du dein deine dir"),
    determiners=word_set("""
        ein eine einen einem einer eines kein keine keinen keinem keiner keines mein meine meinen
        meinem meiner dein deine deinen deinem deiner sein seine seinen seinem seiner unser unsere
        unseren eure jede jeder jedes jedem jeden welche welcher welches welchen irgendein
        irgendeine manche einige mehrere viele wenige solche solcher solchen
    """),
    relations=Relations(
        before_places=word_set("in aus bei nach von nahe bis über um"),
        is_words=word_set("ist war sind waren sei heißt wäre namens genannt"),
        places=word_set("""
            stadt dorf ort gemeinde region land straße platz gasse viertel bezirk insel hafen bahnhof
            raum
        """),
        read=word_set("""
            schild schilder schildern schildes text texte texten wort worte wörter wörtern schrift
            aufschrift inschrift logo liest lesen lese gelesen lautet lauten steht stehen stand sagt
            zeigt hinweis hinweise merkmal merkmale buchstaben geschrieben beschriftung leuchtschrift
            neonschild
        """),
        named=word_set("""
            foto fotos bild bilder aufnahme aufnahmen datei dateien referenz kandidat kandidaten name
            namens treffer referenzfoto referenzbild
        """),
    ),
    beginnings=re.compile(r".{4,}(?:lich|weise|erseits|..end)"),
    following=re.compile(r".{2,}(?:lich|weise|wärts|ige[rnms]?|liche[rnms]?|ische[rnms]?|ste[rnms]?|ter|ten|tem)"),
    noun_endings=re.compile(r".{3,}(?:ung|ungen|heit|heiten|keit|keiten|ionen|ität|itäten|schaften|nisse|nissen)"),
    naming_heads=tuple(
        word_set("""
            strasse platz gasse weg allee ring damm markt stadt burg dorf berg tal bach brücke tor park
            hof ufer kirche dom münster schloss turm bahnhof insel see fluss viertel stein feld wald
            hausen heim ingen fels furt born brunn rode kirchen hafen haven werder land tower brunnen
            garten
        """)
    ),
    numbers=translations("""
        one: eins ein eine einen einem einer
        two: zwei
        three: drei
        four: vier
        five: fünf
        six: sechs
        seven: sieben
        eight: acht
        nine: neun
        ten: zehn
        eleven: elf
        twelve: zwölf
        thirteen: dreizehn
        fourteen: vierzehn
        fifteen: fünfzehn
        sixteen: sechzehn
        seventeen: siebzehn
        eighteen: achtzehn
        nineteen: neunzehn
        twenty: zwanzig
        thirty: dreißig dreissig
        forty: vierzig
        fifty: fünfzig
        sixty: sechzig
        seventy: siebzig
        eighty: achtzig
        ninety: neunzig
        hundred: hundert hunderte hunderten
        thousand: tausend tausende tausenden
        million: million millionen
        dozen: dutzend dutzende
        half: halb halbe halben halber halbes
        few: paar einige einigen wenige wenigen mehrere mehreren
        point: komma
        minus: minus
    """),
    joiners=("und",),
    units=translations("""
        metres: meter metern meters
        kilometres: kilometer kilometern kilometers
        centimetres: zentimeter zentimetern
        degrees: grad
        percent: prozent
        minutes: minute minuten gehminuten autominuten
        hours: stunde stunden
        seconds: sekunde sekunden
        days: tag tage tagen
        weeks: woche wochen
        months: monat monate monaten
        years: jahr jahre jahren jahrhundert
        miles: meile meilen
        blocks: block blocks blöcke häuserblock häuserblocks
    """),
    compass=translations("""
        north: norden nord
        south: süden süd
        east: osten ost
        west: westen west
    """),
    directions=re.compile(
        r"(?:nord|süd)?(?:nördlich|südlich|östlich|westlich)(?:e[rnms]?|st(?:e[rnms]?)?)?|(?:nord|süd)(?:osten|"
            r"westen|ost|west)"
        r"|(?:nord|süd|ost|west)(?:seite|wärts)"
    ),
    deeds={
        "index_photos": re.compile(_HAVE + r"(?:hinzugefügt|indexiert|indiziert|importiert|eingelesen|gelernt|"
            r"gemerkt|"
                                   r"(?:in|zu)\s+(?:die|der)\s+karte\s+(?:aufgenommen|ergänzt))\b"),
        "change_settings": re.compile(
            _HAVE + r"(?:geändert|gesetzt|eingestellt|angepasst|umgestellt|erhöht|gesenkt|verringert|zurückgesetzt|"
            r"umgeschaltet|aktualisiert|verschärft|herabgesetzt|heraufgesetzt|hochgesetzt|"
            r"abgesenkt|angehoben)\b|\bich (?:änderte|setzte|erhöhte|senkte)\b"
        ),
        "": re.compile(
            _HAVE + r"(?:gespeichert|gesichert|exportiert|gelöscht|gesendet|geschickt|verschickt|hochgeladen|"
            r"heruntergeladen|verschoben|umbenannt|kopiert|abgelegt|durchsucht|recherchiert)\b"
            r"|\b(?:habe|haben)\b[^.!?\n]{0,60}?\b(?:entfernt|gesucht|geschrieben|nachgesehen|nachgeschlagen)\b"
            r"|\b(?:speichere|lösche|ich (?:speicherte|löschte)|sende|exportiere|"
                r"verschicke)\b"
        ),
    },
)  # fmt: skip
