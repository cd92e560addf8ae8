"""Polish."""

import re

from .language import Language, Relations, translations, word_set

_WORDS = word_set("""
    ten ta to te ci tego tej temu tym tych tymi tamten tamta tamto ja ty on ona ono my wy oni one mnie mi ciebie
    cię tobie jego jej jemu mu ich im nim nich nas nam was wam się siebie sobie mój moja moje twój twoja twoje
    twojego twoim swój swoje nasz wasz który która które którego której którym których kto co czego czym gdzie
    kiedy jak jaki jaka jakie jakim ile dlaczego wszystko wszystkie wszystkich każdy każda każde żaden żadna żadne
    żadnego żadnej inny inna inne innego innych innym sam sama samo samym tym obie oba obu kilka wiele więcej
    mniej mało dużo nic nikt ktoś coś nie ani tak też także również tylko

    i a oraz lub albo ale lecz jednak więc zatem bo ponieważ gdyż jeśli jeżeli gdy aby żeby chociaż choć dopóki
    zanim w we na z ze do od ode dla po przed za nad pod przy przez bez między wśród według mimo oprócz poza koło
    obok blisko około ku u o poprzez wobec wzdłuż dzięki

    jest są był była było były będzie będą być jestem jesteś został została zostało zostały ma mają mam masz miał
    mieć może mogą mogę możesz mógł można musi muszą trzeba należy powinien powinno chce chcę chcesz robi robić
    zrobione zrobiono wykonane wykonano wykonana idzie widać widzę widzi widoczne wygląda wyglądają wydaje zdaje
    pozostaje leży leżą stoi nazywa pokazuje pokazują pasuje pasują zgadza zgadzają mówi mówią podaj podać proszę
    wyślij zapytaj powiedz wiem wie znam zna znane znany nieznane nieznany nieznana myślę sądzę znalazłem
    znaleziono odczytano przeczytano potwierdzone potwierdzony potwierdzona potwierdza potwierdzają oznacza
    zawiera brzmi wskaż wskazuje wskazują spróbuj sprawdź dziękuję dzięki cześć dzień dobry witaj witam
    przepraszam niestety chętnie oczywiście jasne dobrze zgoda

    waga wagi wynosi wynik wyniki podobieństwo potrzebuję potrzebny potrzebna dokładny dokładnej
    przykro naturalnie bardzo dość dosyć całkiem raczej prawie około mniej prawdopodobnie pewnie zapewne
    przypuszczalnie możliwe możliwie chyba wyraźnie po prostu dokładnie naprawdę jedynie poza tym dlatego potem
    następnie wtedy zawsze często czasem nigdy już jeszcze teraz dziś dzisiaj wczoraj wkrótce razem znowu ponownie
    dalej inaczej gdzieś nigdzie wszędzie tu tutaj tam stąd zbyt

    pewny pewna pewne pewnym pewien niepewny niepewna niepewne jasny niejasne niejednoznaczne niejednoznaczna
    niemożliwe prawdopodobny prawdopodobna prawdopodobne prawdopodobniejsze najlepszy najlepsza najlepsze lepszy
    lepsze gorsze dobry dobra dobre nowy nowa nowe stary stara stare duży duża duże mały mała małe mali wysoki
    wysoka wysokie niski niska pierwszy pierwsza pierwsze pierwszego drugi druga drugie drugiego drugim trzeci
    trzecia trzecie ostatni ostatnia ostatnie następny następne ogóle sumie razie rzeczywistości podstawie

    zdjęcie zdjęcia zdjęciu zdjęciem zdjęć zdjęciach fotografia fotografii fotografię obraz obrazu obrazie mapa
    mapy mapie mapę miejsce miejsca miejscu miejscem miejsc miejscach pozycja pozycji położenie położenia
    współrzędne współrzędnych szerokość długość wynik wyniku wyniki próg progu progiem margines odległość
    odległości metr metry metrów kandydat kandydata kandydaci kandydatów odniesienie odniesienia dopasowanie
    dopasowania wskazówka wskazówki wskazówek wskazówkę cecha cechy cech szyld szyldzie szyldu znak znaku tablica
    tablicy napis napisu napisie tekst tekstu tekście słowo słowa słów litery liter fasada fasady fasadzie ściana
    ściany mur budynek budynku budynki dom domu domy ulica ulicy ulice okno okna dach dachu drzwi kamień cegła
    geometria geometrii punkty punktów punkt punkcie punktu pewność pewności wątpliwości zaufanie odpowiedź
    odpowiedzi pytanie pytania powód powody folder folderu plik pliku pliki plików ścieżka ścieżkę ścieżki
    ustawienie ustawienia ustawień narzędzie narzędzia narzędzi lista listy liście wynikach przykład część dwa
    dwie trzy cztery pięć sześć siedem osiem dziewięć dziesięć nocy noc dniu czarny biały kolor wiersz kolejność
    mieście mieści tle środku rogu

    czy otwórz wybierz porównaj poczekaj zmień dodaj kliknij wpisz zobacz obejrzyj mógłbyś trudno łatwo powiedzieć
    świetnie rozumiem szkoda obecnie najwyraźniej ponadto natomiast najpierw najlepiej ostatecznie początkowo
    podobno przede przynajmniej rzadko szczególnie tymczasem właściwie wreszcie wcześniej wszakże zazwyczaj zwykle
    widoczny czytelny zaraz owszem jednakże dotychczas dotąd aktualnie
""")  # fmt: skip

_DONE = r"\b(?:został[aoy]?|zostały|jest|są|teraz|już)\b[^.!?\n]{0,60}?\b"

POLISH = Language(
    name="Polish",
    auxiliary="jest",
    words=_WORDS,
    determiners=word_set("""
        ten ta to tę te tego tej moje twoje twój swoje swój mi mnie go ją je jeszcze sam czy że
    """),
    relations=Relations(
        before_places=word_set("w we z ze koło pod przy do od blisko"),
        is_words=word_set("jest to są był była było nazywa zwane"),
        places=word_set("""
            miasto mieście miasta miasteczko wieś ulica ulicy plac placu kraj region dzielnica wyspa port
            dworzec
        """),
        read=word_set("""
            szyld szyldzie szyldu znak znaku tablica tablicy napis napisu napisie tekst tekstu słowo
            słowa słów litery głosi brzmi mówi widnieje odczytano przeczytano czytamy napisane wskazówka
            wskazówki wskazówek cecha
        """),
        named=word_set("""
            zdjęcie zdjęcia zdjęciu fotografia obraz plik pliku odniesienie kandydat kandydata nazwa
            nazwie
        """),
    ),
    polite=word_set("pan pani państwo państwa ci ty twój twoja twoje twojego ciebie cię"),
    beginnings=re.compile(r".{3,}(?:nie|owo|sko|ości)|.{2,}(?:aj|ij|yj|uj|órz|ierz|ńcie|jcie)"),
    following=re.compile(r".{2,}(?:(?<!e)e|[auyiąęó]|ej|[yi]m|[yi]ch|ach|ami|ego|em|om|ów)"),
    numbers=translations("""
        one: jeden jedna jedno jednego
        two: dwa dwie dwóch
        three: trzy trzech
        four: cztery czterech
        five: pięć pięciu
        six: sześć sześciu
        seven: siedem siedmiu
        eight: osiem ośmiu
        nine: dziewięć dziewięciu
        ten: dziesięć dziesięciu
        eleven: jedenaście jedenastu
        twelve: dwanaście dwunastu
        thirteen: trzynaście trzynastu
        fourteen: czternaście czternastu
        fifteen: piętnaście piętnastu
        sixteen: szesnaście szesnastu
        seventeen: siedemnaście siedemnastu
        eighteen: osiemnaście osiemnastu
        nineteen: dziewiętnaście dziewiętnastu
        twenty: dwadzieścia dwudziestu
        thirty: trzydzieści trzydziestu
        forty: czterdzieści czterdziestu
        fifty: pięćdziesiąt pięćdziesięciu
        sixty: sześćdziesiąt sześćdziesięciu
        seventy: siedemdziesiąt siedemdziesięciu
        eighty: osiemdziesiąt osiemdziesięciu
        ninety: dziewięćdziesiąt dziewięćdziesięciu
        hundred: sto stu setki setek dwieście dwustu trzysta trzystu czterysta czterystu pięćset sześćset
        hundred: siedemset osiemset dziewięćset
        thousand: tysiąc tysiące tysięcy
        million: milion miliony milionów
        dozen: tuzin kilkanaście kilkadziesiąt kilkaset
        half: pół połowa
        few: kilka kilku parę
        point: przecinek
        minus: minus
    """),
    units=translations("""
        metres: metr metry metrów metra metrach
        kilometres: kilometr kilometry kilometrów kilometra
        centimetres: centymetr centymetry centymetrów
        degrees: stopień stopnie stopni
        percent: procent procenta procentach
        minutes: minuta minuty minut minutę
        hours: godzina godziny godzin godzinę
        seconds: sekunda sekundy sekund
        days: dzień dni
        weeks: tydzień tygodnie tygodni
        months: miesiąc miesiące miesięcy
        years: rok roku lata lat wiek wieku
        miles: mila mile mil
        blocks: przecznica przecznice przecznic
    """),
    compass=translations("""
        north: północ północy
        south: południe południa
        east: wschód wschodu
        west: zachód zachodu
    """),
    directions=re.compile(r"(?:północn|południow|wschodni|zachodni)\w*|południowo|północno"),
    deeds={
        "index_photos": re.compile(
            _DONE + r"(?:dodan|zindeksowan|zaimportowan|zapamiętan)\w{1,3}\b|\b(?:dodał|zaindeksował|zaimportował|"
                r"zapamiętał)[ea]m\b"
            r"|\bdodano\b"
        ),
        "change_settings": re.compile(
            _DONE + r"(?:zmienion|ustawion|dostosowan|podniesion|zwiększon|zmniejszon|obniżon|przywrócon|"
                r"zaktualizowan)\w{1,3}\b"
            r"|\b(?:zmienił|ustawił|dostosował|zwiększył|zmniejszył|obniżył|zaktualizował)[ea]m\b|\b(?:zmieniono|"
                r"ustawiono)\b"
        ),
        "": re.compile(
            _DONE + r"(?:zapisan|wyeksportowan|usunięt|skasowan|wysłan|przesłan|pobran|przeniesion|"
                r"skopiowan)\w{1,3}\b"
            r"|\b(?:zapisał|wyeksportował|usunął|usunęł|skasował|wysłał|przesłał|pobrał|przeniósł|przeniosł|"
                r"skopiował|wyszukał|"
            r"przeszukał)[ea]m\b|\b(?:zapisano|usunięto|wysłano)\b"
        ),
    },
)  # fmt: skip
