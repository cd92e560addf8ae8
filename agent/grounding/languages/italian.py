"""Italian."""

import re

from .language import Language, Relations, translations, word_set

_WORDS = word_set("""
    il lo la i gli le l un uno una un' di del dello della dei degli delle dell d a al allo alla ai agli alle all
    da dal dallo dalla dai dagli dalle dall in nel nello nella nei negli nelle nell su sul sullo sulla sui sugli
    sulle sull con col per tra fra questo questa questi queste quest quello quella quelli quelle quell quel quei
    mio mia tuo tua suo sua nostro vostro loro io tu lui lei noi voi mi ti si ci vi ne che chi cui quale quali
    dove dov quando come com quanto quanti perché tutto tutta tutti tutte ogni nessun nessuno nessuna altro altra
    altri altre stesso stessa stessi stesse alcuni alcune qualche qualcosa niente nulla ambedue entrambi entrambe
    non né no sì se

    e ed o ma però anche pure quindi dunque allora poi infine mentre finché poiché siccome sebbene benché cioè
    ossia inoltre tuttavia comunque invece eppure senza secondo durante dopo prima verso presso sotto sopra dentro
    fuori vicino lontano davanti dietro accanto intorno oltre contro circa

    è sono era erano sarà saranno sarebbe sia siano stato stata stati state essere sei siamo ha hanno aveva abbia
    avere ho hai abbiamo c'è c fa fanno fare faccio può possono potrebbe potrebbero posso puoi potere deve devono
    dovrebbe vuole voglio vuoi va vanno andare viene vengono vede vedono vedo vedere visto vista dice dicono dire
    dico indica indicano mostra mostrano mostri sembra sembrano pare resta rimane esiste esistono coincide
    coincidono corrisponde corrispondono conferma confermano conosco conosce so sa sapere dà dai dammi dimmi
    indica indicami invia inviami nomina chieda chiedi prova provi serve scattata scattate scattato fatta fatto
    trovato trovata riconosciuto grazie prego volentieri naturalmente ovviamente ciao salve buongiorno buonasera
    benvenuto scusa scusi mi dispiace certo bene ok

    molto abbastanza troppo poco molti molte quasi circa più meno così tanto probabilmente forse sicuramente
    possibilmente certamente chiaramente purtroppo solo soltanto semplicemente esattamente davvero ugualmente
    ancora sempre mai già presto ora adesso oggi ieri qui qua lì là bene male meglio peggio

    grado modo maniera quanto generale realtà totale comune particolare base caso effetto alto basso mattoni
    pietra primo prima secondo seconda terzo terza ultimo ultima prossimo migliore migliori buono buona grande
    piccolo piccola nuovo nuova vecchio vecchia possibile impossibile probabile sicuro sicura incerto incerta
    sconosciuto sconosciuta confermato confermata ambiguo ambigua vero falso chiaro

    foto fotografia fotografie immagine immagini scatto mappa luogo luoghi posto posti posizione posizioni
    coordinate latitudine longitudine punteggio punteggi soglia margine distanza distanze metro metri candidato
    candidati candidata riferimento riferimenti corrispondenza corrispondenze indizio indizi cartello cartelli
    insegna insegne testo testi parola parole lettera lettere scritta scritte iscrizione facciata facciate muro
    muri edificio edifici casa case via strada strade finestra finestre tetto porta porte geometria punti punto
    certezza fiducia risposta risposte domanda domande ragione motivo motivi cartella cartelle file percorso
    impostazione impostazioni parametro strumento strumenti elenco lista risultato risultati esempio parte due tre
    quattro cinque sette otto nove dieci notte giorno bianco nero colore riga dettaglio ordine dubbio dubbi

    guarda guardi controlla controlli apri apra scegli scelga confronta confronti verifica verifichi aspetta
    aspetti prendi prenda lascia lasci cambia cambi aggiungi aggiunga premi prema scrivi scriva potresti difficile
    facile perfetto capito esatto peccato attualmente apparentemente altrimenti anzitutto appena finora finalmente
    generalmente innanzitutto normalmente piuttosto precedentemente principalmente soprattutto specialmente
    successivamente ulteriormente unicamente visibile leggibile attenzione
""")  # fmt: skip

_HAVE = r"\b(?:ho|abbiamo|è stat[oa]|sono stat[ie]|è ora|sono ora|è|sono|ora)\b[^.!?\n]{0,60}?\b"

ITALIAN = Language(
    name="Italian",
    auxiliary="è",
    words=_WORDS,
    elided=(
        "l", "un", "d", "c", "dell", "all", "dall", "nell", "sull", "quest", "quell", "com", "dov", "s", "m", "t", "n",
    ),
    determiners=word_set("""
        il lo la i gli le l un uno una questo questa questi queste il mio tuo tua suo sua tu lei me
        te che se
    """),
    relations=Relations(
        before_places=word_set("a in da verso presso"),
        is_words=word_set("è sono era sia chiamato chiamata chiama"),
        places=word_set("""
            città paese villaggio quartiere via piazza regione viale isola porto stazione provincia
            comune
        """),
        read=word_set("""
            cartello cartelli insegna insegne testo testi parola parole lettera lettere scritta scritte
            iscrizione dice dicono legge leggono leggere letto letta indica scritto indizio indizi targa
        """),
        named=word_set("foto fotografia immagine immagini file riferimento candidato candidata nome scatto"),
    ),
    polite=word_set("lei"),
    beginnings=re.compile(r".{4,}(?:mente|zion[ei])"),
    following=re.compile(r".{2,}(?:mente|are|ere|ire|[aei]r(?:l[aeio]|mi|ti|ci|vi|si|ne)|zion[ei])"),
    numbers=translations("""
        one: un uno una
        two: due
        three: tre
        four: quattro
        five: cinque
        six: sei
        seven: sette
        eight: otto
        nine: nove
        ten: dieci
        eleven: undici
        twelve: dodici
        thirteen: tredici
        fourteen: quattordici
        fifteen: quindici
        sixteen: sedici
        seventeen: diciassette
        eighteen: diciotto
        nineteen: diciannove
        twenty: venti ventuno ventotto ventina
        thirty: trenta trentuno trentotto trentina
        forty: quaranta quarantuno quarantotto
        fifty: cinquanta cinquantuno cinquantotto cinquantina
        sixty: sessanta sessantuno sessantotto
        seventy: settanta settantuno settantotto
        eighty: ottanta ottantuno ottantotto
        ninety: novanta novantuno novantotto
        hundred: cento centinaio centinaia
        thousand: mille mila migliaio migliaia
        million: milione milioni
        dozen: dozzina dozzine decina decine
        half: mezzo mezza metà
        few: pochi poche qualche alcuni alcune paio
        point: virgola
        minus: meno
    """),
    units=translations("""
        metres: metro metri
        kilometres: chilometro chilometri
        centimetres: centimetro centimetri
        degrees: grado gradi
        minutes: minuto minuti
        hours: ora ore
        seconds: secondo secondi
        days: giorno giorni
        weeks: settimana settimane
        months: mese mesi
        years: anno anni secolo secoli
        miles: miglio miglia
        blocks: isolato isolati
    """),
    compass=translations("""
        north: nord
        south: sud
        east: est
        west: ovest
    """),
    directions=re.compile(r"(?:nord|sud)-?(?:est|ovest)|settentrional\w*|meridional\w*|occidental\w*|oriental\w*"),
    deeds={
        "index_photos": re.compile(
            _HAVE + r"(?:aggiunt[oaie]|indicizzat[oaie]|importat[oaie]|imparat[oaie]|inclus[oaie])\b"
        ),
        "change_settings": re.compile(
            _HAVE + r"(?:cambiat|modificat|impostat|regolat|fissat|aumentat|ridott|mess|portat|alzat|"
            r"abbassat|reimpostat|aggiornat)"
            r"[oaie]\b"
        ),
        "": re.compile(
            _HAVE + r"(?:salvat|esportat|eliminat|cancellat|rimoss|tolt|inviat|caricat|scaricat|spostat|rinominat|"
            r"copiat|memorizzat|archiviat|cercat)[oaie]\b"
        ),
    },
)  # fmt: skip
