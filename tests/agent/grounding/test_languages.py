"""Replies in other languages than English: what states nothing that no tool told is allowed, whatever its words."""

from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from internvl_vpr.agent.grounding.deeds import claimed_deed
from internvl_vpr.agent.grounding.languages.detect import LANGUAGES
from internvl_vpr.agent.grounding.reply import reply_languages, ungrounded

TOLD = (
    r"""The photo "Night.jpg" was taken at 52.123456, 4.123456.
The best match is the reference "ref/a.jpg", the first of 5 candidates.
How sure: S = 0.981, above τ = 0.97: the cues decide.
Promise: Answers with S > 0.97 are right at least 95 times in 100, with 90 % confidence: 37 of 38 were.
Why: most of S comes from the cue "a sign that reads \"MOTEL\"" (weight 0.512).
Runner-up: "ref/b.jpg" at -33.868820, 151.209290, 11.6 m from the first, S = 0.750, not above τ.""",
    """The map holds 1,234 photos, 1,200 distinct images; all have a position.
They lie from 52.100000, 4.100000 in the south-west to 52.200000, 4.200000 in the north-east, over 6,900 m from west to
east.""",
    r"""On signs in the photo 2 texts were read:
1. "HOTEL Zuiderzee 1912".
2. "welcome to Lyon".""",
)
SAID = ("wo war das? ~/pics/Night.jpg, in Paris oder in delft?",)

ALLOWED = """
Ja, ziemlich sicher.
Nein, das weiß ich nicht.
Hallo! Nenne mir bitte den Pfad eines Fotos.
Das Foto Night.jpg wurde bei 52.123456, 4.123456 aufgenommen, am selben Ort wie ref/a.jpg.
Der Wert ist S = 0,981 und liegt über der Schwelle von 0,97.
Auf dem Schild steht MOTEL.
Das Schild mit der Aufschrift MOTEL hat den Ausschlag gegeben.
Der zweitbeste Kandidat liegt 11,6 m entfernt.
Ich bin mir nicht sicher, es könnten mehrere Orte sein, die gleich aussehen.
Das ist nur eine Vermutung, denn die Geometrie bestätigt nichts.
Vermutlich ist der Ort nicht auf der Karte.
Leider kann ich nichts speichern, dafür gibt es kein Werkzeug.
Die Karte enthält 1.234 Fotos, davon 1.200 verschiedene Bilder.
Am meisten zählt der Hinweis auf das Straßenschild.
Beide Fotos zeigen dieselbe Hausfassade.
Die Wahrscheinlichkeit ist hoch: 37 von 38 solchen Antworten waren richtig.
Oui, j'en suis assez sûr.
Bonjour ! Indiquez-moi le chemin d'une photo.
La photo Night.jpg a été prise à 52,123456, 4,123456.
Le panneau indique MOTEL.
L'enseigne MOTEL figure sur les deux photos.
Non, je ne connais pas cet endroit.
C'est l'un de plusieurs lieux qui se ressemblent.
Probablement pas sur la carte.
Le deuxième candidat se trouve à 11,6 m du premier.
La carte contient 1 234 photos.
Désolé, je ne peux rien enregistrer.
Sí, bastante seguro.
Hola, dime la ruta de una foto.
La foto Night.jpg se tomó en 52.123456, 4.123456.
El cartel dice MOTEL.
No lo sé, ninguna herramienta lo ha confirmado.
Es una suposición: nada lo confirma.
Probablemente ese lugar no está en el mapa.
La puntuación es 0,98 y supera el umbral de 0,97.
Sì, abbastanza sicuro.
Ciao! Dimmi il percorso di una foto.
La foto Night.jpg è stata scattata a 52.123456, 4.123456.
L'insegna dice MOTEL.
Purtroppo nessuno strumento lo conferma.
È solo un'ipotesi.
Ci sono più luoghi che si somigliano.
Sim, com bastante certeza.
Olá! Diga-me o caminho de uma foto.
A foto Night.jpg foi tirada em 52.123456, 4.123456.
A placa diz MOTEL.
Não sei, provavelmente não está no mapa.
É um de vários lugares parecidos.
Ja, vrij zeker.
Hallo! Geef me het pad van een foto.
De foto Night.jpg is genomen op 52.123456, 4.123456.
Op het bord staat MOTEL.
Nee, die plek staat waarschijnlijk niet op de kaart.
Dat is maar een gok.
Er zijn meerdere plekken die op elkaar lijken.
Ja, ganska säker.
Hej! Ge mig sökvägen till ett foto.
Fotot Night.jpg togs vid 52.123456, 4.123456.
På skylten står MOTEL.
Nej, platsen finns troligen inte på kartan.
Det är bara en gissning.
Tak, dość pewnie.
Cześć! Podaj ścieżkę do zdjęcia.
Zdjęcie Night.jpg zrobiono w punkcie 52.123456, 4.123456.
Na szyldzie widnieje napis MOTEL.
Nie, tego miejsca prawdopodobnie nie ma na mapie.
To tylko przypuszczenie.
Tak, jestem prawie pewny.
Nie wiem.
Gern geschehen!
Danke, gern.
De nada.
Prego!
Bitte.
Je ne sais pas.
No lo sé.
Weiß ich nicht.
Warum? Weil das Schild in beiden Bildern zu lesen ist.
Der beste Treffer ist das Referenzfoto ref/a.jpg.
Die Antwort gilt als bestätigt, da viele Punkte übereinstimmen.
Dazu kann ich nichts sagen, das Foto wurde noch nicht gesucht.
Ab jetzt gilt nur noch, was bestätigt ist.
Welches Foto meinst du?
Quelle photo voulez-vous dire ?
¿Qué foto quieres decir?
Il secondo candidato è a 11,6 m dal primo.
Os dois candidatos são parecidos.
De tweede kandidaat ligt 11,6 m van de eerste.
Den andra kandidaten ligger 11,6 m från den första.
Drugi kandydat leży 11,6 m od pierwszego.
Confirmé : les deux photos montrent les mêmes murs.
Confirmado: ambas fotos muestran las mismas paredes.
Bestätigt: Beide Fotos zeigen dieselben Wände.
Bevestigd: beide foto's tonen dezelfde muren.
Tyvärr kunde fotot inte öppnas.
Niestety nie udało się otworzyć zdjęcia.
Ich kann Fotos verorten, zwei Kandidaten vergleichen und einen Ordner zur Karte hinzufügen.
Je peux localiser des photos et comparer deux candidats.
Die Ziegelmauer und das Bogenfenster passen am besten.
Le mur de briques et la fenêtre en arc correspondent le mieux.
El muro de ladrillo y la ventana coinciden.
Das Bild zeigt denselben Ort wie das Referenzfoto, und zwar aus einem anderen Blickwinkel.
Die Aufnahme wurde laut Karte bei 52.123456, 4.123456 gemacht; die Trefferquote solcher Antworten ist hoch.
Für dieses Foto gibt es drei mögliche Orte, die gleich aussehen.
Bitte gib mir den Dateipfad des Fotos, das du suchst.
Der erste Kandidat passt besser, weil die Fensterreihe und das Dach übereinstimmen.
Ich kenne keine Ortsnamen; dafür habe ich kein Werkzeug.
Auf dem zweiten Foto konnte ich keinen Text lesen.
Das kann ich leider nicht beantworten.
Das Foto liegt wohl außerhalb des Gebiets, das die Karte abdeckt.
Meinst du das erste oder das zweite Foto?
Bis bald!
Die Kosinusähnlichkeit beträgt 0,981.
Le poids vaut 0,512.
Vikten är 0,512.
Waga wynosi 0,512.
Grazie mille!
Nichts gespeichert.
Parlez-vous de la première ou de la deuxième photo ?
Ci sono due luoghi possibili e non riesco a distinguerli.
Mer vet jag tyvärr inte.
Potrzebuję dokładnej nazwy pliku.
Das Foto zeigt ein Motel.
Die beiden Aufnahmen stammen wahrscheinlich vom selben Standort.
Ohne Bestätigung durch die Geometrie ist das nur ein Anhaltspunkt.
Wie sicher? Die Antwort ist bestätigt.
Das Datum der Aufnahme kenne ich nicht.
Das Verzeichnis existiert nicht, prüfe bitte den Pfad.
Ein Fehler ist aufgetreten: Die Datei fehlt.
Gerne, welches Bild soll ich lokalisieren?
Das Foto lässt sich nicht eindeutig zuordnen.
Mehrdeutig: drei Orte kommen in Frage.
Guten Abend! Wie kann ich helfen?
La réponse est confirmée, car la géométrie des deux photos concorde.
Plusieurs endroits se ressemblent, je ne peux donc pas trancher.
Le score dépasse le seuil : S = 0,981 contre 0,97.
Aucun texte n'a été lu sur cette photo.
Il s'agit d'une simple piste, rien ne la confirme.
Impossible de le dire avec certitude.
Avec plaisir ! Quelle photo dois-je localiser ?
Je vous en prie.
Ce lieu n'est sans doute pas dans votre carte.
Les deux photos ont été prises au même endroit.
Malheureusement, le fichier est introuvable.
La respuesta está confirmada porque las dos fotos muestran la misma fachada.
Hay varios lugares que se parecen, así que no puedo decidir.
No se leyó ningún texto en la foto.
Con mucho gusto. ¿Cuál es la ruta de la foto?
Lo siento, el archivo no existe.
Las dos fotos se tomaron en el mismo lugar.
Buenas tardes, ¿en qué puedo ayudarte?
Quedan tres candidatos en la lista.
Ninguna herramienta puede hacerlo.
La risposta è confermata perché le due foto mostrano la stessa facciata.
Ci sono diversi posti simili, quindi non posso decidere.
Non è stato letto alcun testo nella foto.
Volentieri, qual è il percorso della foto?
Mi dispiace, il file non esiste.
Le due foto sono state scattate nello stesso posto.
Nessun luogo della mappa gli somiglia.
Buongiorno! Come posso aiutarti?
A resposta está confirmada porque as duas fotos mostram a mesma fachada.
Há vários lugares parecidos, por isso não posso decidir.
Não foi lido nenhum texto na foto.
Desculpe, o arquivo não existe.
As duas fotos foram tiradas no mesmo lugar.
Nenhum lugar do mapa se parece com ele.
Infelizmente não há certeza.
Boa tarde! Como posso ajudar?
Het antwoord is bevestigd, want beide foto's tonen dezelfde gevel.
Er zijn verschillende plaatsen die op elkaar lijken, dus ik kan niet kiezen.
Er is geen tekst gelezen op de foto.
Het spijt me, het bestand bestaat niet.
Beide foto's zijn op dezelfde plek genomen.
Dat weet ik helaas niet.
Graag gedaan!
Welke foto bedoel je?
Svaret är bekräftat eftersom båda bilderna visar samma fasad.
Flera platser liknar varandra, så jag kan inte avgöra det.
Ingen text kunde läsas i bilden.
Ledsen, filen finns inte.
Båda fotona togs på samma plats.
Vilket foto menar du?
Varsågod!
Det vet jag tyvärr inte.
Odpowiedź jest potwierdzona, bo oba zdjęcia pokazują tę samą fasadę.
Kilka miejsc jest do siebie podobnych, więc nie mogę rozstrzygnąć.
Na zdjęciu nie odczytano żadnego tekstu.
Przykro mi, plik nie istnieje.
Oba zdjęcia zrobiono w tym samym miejscu.
Które zdjęcie masz na myśli?
Proszę bardzo!
Niestety tego nie wiem.
Naturellement.
Certo, volentieri.
Natürlich.
Selbstverständlich.
Klar.
Peut-être.
Quizás.
Forse.
Talvez.
Misschien.
Kanske.
Może.
Es ist bestätigt.
C'est confirmé.
Das sind 6,9 km von West nach Ost.
De oeste a este son 6,9 km.
Das Schild lautet HOTEL Zuiderzee.
Sur l'enseigne on lit HOTEL Zuiderzee.
Das Foto zeigt den Ort der Referenz, S = 0,98.
Peux-tu préciser de quelle photo tu parles ?
Tes deux photos viennent du même endroit.
Regarde plutôt la deuxième, elle est plus nette.
Pour l'instant, aucune photo n'a été localisée.
Rien ne permet de le confirmer.
Apparemment, la photo n'est pas dans ta collection.
Trop peu de points concordent pour être sûr.
Selon la carte, c'est confirmé.
Tout indique que c'est le même lieu.
Entre les deux, le premier candidat est plus crédible.
Comme demandé, je n'utilise que les réponses confirmées.
Vérifie que le fichier existe.
Difficile à dire.
Pas de problème !
¿Puedes decirme qué foto es?
Tus dos fotos son del mismo sitio.
De momento no se ha localizado ninguna foto.
Según el mapa, está confirmado.
Todo indica que es el mismo lugar.
Entre los dos, el primero es más creíble.
Comprueba que el archivo existe.
Difícil de decir.
No hay problema.
Coinciden muy pocos puntos.
Puoi dirmi quale foto intendi?
Le tue due foto vengono dallo stesso posto.
Per ora nessuna foto è stata localizzata.
Niente permette di confermarlo.
Secondo la mappa, è confermato.
Tutto indica che è lo stesso luogo.
Tra i due, il primo è più credibile.
Controlla che il file esista.
Difficile a dirsi.
Nessun problema.
Podes dizer-me qual foto é?
As tuas duas fotos são do mesmo lugar.
Por enquanto nenhuma foto foi localizada.
Segundo o mapa, está confirmado.
Tudo indica que é o mesmo lugar.
Entre os dois, o primeiro é mais credível.
Verifique se o arquivo existe.
Difícil de dizer.
Sem problema.
Kun je zeggen welke foto je bedoelt?
Je twee foto's komen van dezelfde plek.
Voorlopig is er geen foto gelokaliseerd.
Volgens de kaart is het bevestigd.
Alles wijst erop dat het dezelfde plek is.
Tussen de twee is de eerste geloofwaardiger.
Controleer of het bestand bestaat.
Moeilijk te zeggen.
Geen probleem.
Blijkbaar staat de foto niet in je verzameling.
Kan du säga vilket foto du menar?
Dina två foton kommer från samma plats.
Än så länge har inget foto lokaliserats.
Enligt kartan är det bekräftat.
Allt tyder på att det är samma plats.
Av de två är den första mer trovärdig.
Kontrollera att filen finns.
Svårt att säga.
Uppenbarligen finns fotot inte i din samling.
Czy możesz powiedzieć, o które zdjęcie chodzi?
Twoje dwa zdjęcia pochodzą z tego samego miejsca.
Na razie nie zlokalizowano żadnego zdjęcia.
Według mapy jest to potwierdzone.
Wszystko wskazuje na to samo miejsce.
Z tych dwóch pierwszy jest bardziej wiarygodny.
Sprawdź, czy plik istnieje.
Trudno powiedzieć.
Nie ma sprawy.
Najwyraźniej zdjęcia nie ma w twojej kolekcji.
Kannst du sagen, welches Foto du meinst?
Deine beiden Fotos stammen vom selben Ort.
Bislang wurde kein Foto verortet.
Alles deutet auf denselben Ort hin.
Von den beiden ist der erste glaubwürdiger.
Stell sicher, dass die Datei existiert.
Schwer zu sagen.
Kein Problem.
Anscheinend ist das Foto nicht in deiner Sammlung.
Mit hoher Wahrscheinlichkeit ja.
Das Motiv ist zu dunkel, um Details zu erkennen.
Sowohl die Fassade als auch das Schild passen.
Eher nicht, die Abweichung ist zu groß.
Wegen der Dunkelheit sind nur wenige Merkmale sichtbar.
Trotz des Blickwinkels passt die Reihenfolge der Fenster.
Das wäre gut möglich.
Gemeint ist wohl das zweite Foto?
Zeig mir das Foto noch einmal.
Einen Moment bitte.
Keine Ursache!
Das zweite Foto ist unscharf, darum bleibt die Antwort offen.
Im Vergleich dazu hat der Nachbar nur wenige gemeinsame Punkte.
Entscheidend war das Fenster über der Tür.
Sobald du einen Pfad nennst, sehe ich nach.
Der Ort passt, aber eine Verwechslung ist nicht ausgeschlossen.
Gute Frage! Die Geometrie sagt, dass beide Bilder dieselbe Wand zeigen.
Wenn du sicher sein willst, mach noch eine Aufnahme bei Tag.
Dein Foto kenne ich noch nicht.
Une autre photo, prise de jour, aiderait peut-être.
Chaque candidat a été comparé à ta photo.
Le lieu semble juste, mais une confusion reste possible.
Elle montre la même porte.
Essaie avec une autre image.
Avant de répondre, il me faut le chemin du fichier.
Deux endroits sont possibles.
Non, ce n'est pas confirmé.
Otra foto, hecha de día, ayudaría.
Cada candidato se comparó con tu foto.
El lugar parece correcto, pero cabe la confusión.
Muestra la misma puerta.
Necesito la ruta del archivo antes de responder.
Hay dos lugares posibles.
Aún no conozco esa foto.
Un'altra foto, fatta di giorno, aiuterebbe.
Ogni candidato è stato confrontato con la tua foto.
Il luogo sembra giusto, ma resta possibile un errore.
Mostra la stessa porta.
Mi serve il percorso del file prima di rispondere.
Due luoghi sono possibili.
Non conosco ancora questa foto.
Outra foto, tirada de dia, ajudaria.
Cada candidato foi comparado com a sua foto.
O lugar parece certo, mas é possível um engano.
Mostra a mesma porta.
Preciso do caminho do arquivo antes de responder.
Dois lugares são possíveis.
Ainda não conheço essa foto.
Een andere foto, overdag genomen, zou helpen.
Elke kandidaat is met je foto vergeleken.
De plek lijkt te kloppen, maar een vergissing is mogelijk.
Hij toont dezelfde deur.
Ik heb eerst het pad van het bestand nodig.
Twee plekken zijn mogelijk.
Die foto ken ik nog niet.
Ett annat foto, taget på dagen, skulle hjälpa.
Varje kandidat har jämförts med ditt foto.
Platsen verkar stämma, men ett misstag är möjligt.
Det visar samma dörr.
Jag behöver sökvägen till filen först.
Två platser är möjliga.
Det fotot känner jag inte än.
Inne zdjęcie, zrobione za dnia, mogłoby pomóc.
Każdy kandydat został porównany z twoim zdjęciem.
Miejsce wydaje się właściwe, ale pomyłka jest możliwa.
Widać na nim te same drzwi.
Najpierw potrzebuję ścieżki do pliku.
Dwa miejsca są możliwe.
Tego zdjęcia jeszcze nie znam.
Bestätigt: Zwei Fotos deiner Karte stimmen überein und liegen höchstens 11,6 m auseinander.
Nach dem Aussehen allein wäre es nur der dritte Platz gewesen.
Das hängt davon ab, welches der beiden Fotos gemeint ist.
Ich habe dafür leider keine Funktion; öffne bitte die Karte im Browser.
Ja, das Ergebnis ist verlässlich.
Der Abgleich mit deiner Sammlung ergab keinen Treffer.
Vorsicht: Das Ergebnis beruht nur auf dem Aussehen.
Ein Backsteingebäude mit Rundbogenfenstern ist das wichtigste Merkmal.
Das linke Haus hat drei Stockwerke und einen Balkon, das rechte nicht.
Nenne mir einfach den Speicherort der Aufnahme.
Du kannst die Anzahl der Kandidaten mit einem Befehl ändern.
Auf die Frage nach dem Land kann ich nicht antworten, da ich nur Koordinaten kenne.
Zur Sicherheit solltest du das zweite Foto selbst ansehen.
Confirmé : deux photos de votre carte concordent, à 11,6 m l'une de l'autre au plus.
D'après la seule apparence, ce serait le troisième candidat.
Pour changer le nombre de candidats, dites par exemple utilise 20 candidats.
Je ne peux pas ouvrir ce fichier.
Ni l'une ni l'autre photo n'a pu être localisée.
Ouvrez la carte dans votre navigateur.
Aucune enseigne lisible n'apparaît.
Confirmado: dos fotos de tu mapa coinciden, con 11,6 m de separación como máximo.
Solo por el aspecto sería el tercero.
Abre el mapa en tu navegador.
Puedes cambiar el número de candidatos.
Mejor mira tú mismo la segunda foto.
Confermato: due foto della tua mappa concordano, a 11,6 m al massimo l'una dall'altra.
Puoi cambiare il numero di candidati.
Apri la mappa nel browser.
Guarda tu stesso la seconda foto.
Confirmado: duas fotos do seu mapa coincidem, a no máximo 11,6 m uma da outra.
Abra o mapa no navegador.
Veja você mesmo a segunda foto.
Bevestigd: twee foto's van je kaart komen overeen, hooguit 11,6 m uit elkaar.
Open de kaart in je browser.
Bekijk de tweede foto zelf.
Je kunt het aantal kandidaten wijzigen.
Bekräftat: två foton i din karta stämmer överens, högst 11,6 m från varandra.
Öppna kartan i din webbläsare.
Titta själv på det andra fotot.
Du kan ändra antalet kandidater.
Potwierdzone: dwa zdjęcia z twojej mapy zgadzają się, w odległości najwyżej 11,6 m.
Otwórz mapę w przeglądarce.
Obejrzyj drugie zdjęcie.
Możesz zmienić liczbę kandydatów.
Żadne zdjęcie nie pasuje.
"""

REFUSED = """
Das war in Paris.
Das war in delft.
Es wurde in Zierikzee aufgenommen.
Ja, das ist die Hauptstraße.
Das Foto zeigt den Marktplatz von Kleinhausen.
Das ist der Kölner Dom.
Es ist in Oberammergau, ziemlich sicher.
Das Foto stammt aus Bad Tölz.
Zierikzee, ziemlich sicher.
Ziemlich sicher: 0,95.
sicher: 0,95
Es sind zwölf Kilometer bis dorthin.
Es liegt zwei Kilometer entfernt.
Es ist ein paar Meter weiter.
Es liegt 13 Metern entfernt.
Ungefähr zweihundert Meter.
Es liegt nördlich vom Bahnhof.
Das Foto wurde bei 48,8566, 2,3522 aufgenommen.
Zu neunzig Prozent sicher.
Ich habe das Foto gespeichert.
Ich habe den Ordner hinzugefügt.
Die Schwelle wurde auf 0,97 gesetzt.
Es steht in der Bahnhofstraße.
Das ist der Alexanderplatz.
Das ist Lichtenstein.
Das ist in Ulm.
Die Stadt heißt Ouddorp.
Sie sind in Zuiderzee.
Das ist Zuiderzee.
Nein, das ist nicht Paris.
Das ist das Hotel Zuiderzee.
Ein französisches Dorf, wohl in der Normandie.
C'est Paris.
La photo a été prise à Amiens.
La photo a été prise à ouddorp.
C'est la rue Victor-Hugo.
Zierikzee, sans doute.
À deux kilomètres d'ici.
C'est à douze mètres.
À environ une centaine de mètres.
J'en suis sûr à 95 %.
Au nord de la gare.
J'ai enregistré la photo.
J'ai ajouté le dossier.
Le seuil a été modifié.
C'est dans le village de Giverny.
Vous êtes à Lyon, dit le panneau.
La foto se tomó en París.
Es Zierikzee.
Es la calle Mayor.
Está a dos kilómetros.
A unos cien metros.
Al norte de la estación.
He guardado la foto.
He añadido la carpeta.
Se ha cambiado el umbral.
Guardé la foto.
La foto se tomó en delft.
Estoy seguro al 95 por ciento.
È stata scattata a Roma.
È Zierikzee, sicuro.
A due chilometri da qui.
Ho salvato la foto.
Ho aggiunto la cartella.
La soglia è stata modificata.
A nord della stazione.
Si trova in via Garibaldi.
Foi tirada em Lisboa.
Fica a dois quilômetros.
Guardei a foto.
Adicionei a pasta.
Fica ao norte da estação.
Fica na Rua Augusta.
Het is Delft.
De foto is genomen in delft.
Twee kilometer verderop.
Ik heb de foto opgeslagen.
Ik heb de map toegevoegd.
De drempel is gewijzigd.
Ten noorden van het station.
Dat is in de Kalverstraat.
Det är Stockholm.
Fotot togs i Örebro.
Fotot togs i zierikzee.
Två kilometer bort.
Jag har sparat fotot.
Jag har lagt till mappen.
Norr om stationen.
To jest Warszawa.
Zdjęcie zrobiono w Krakowie.
Zdjęcie zrobiono w zierikzee.
Dwa kilometry stąd.
Zapisałem zdjęcie.
Dodałem folder.
Na północ od dworca.
To ulica Marszałkowska.
Der Wert ist 0,95.
Es gibt 4.321 Fotos.
Siehe https://evil.example/x.
Das Haus stammt aus dem Jahr 1850.
Wahrscheinlich Ouddorp.
Wahrscheinlich in der Nähe von Giethoorn.
Wohl der Eiffelturm.
C'est la tour Eiffel.
Evet, oldukça eminim.
はい、かなり確かです。
Да, вполне уверен.
Bei zweiundfünfzig Grad.
Bei 52 Grad 7 Minuten.
Ungefähr fünfzig Komma eins.
À cinquante-deux degrés.
Sûr à quatre-vingt-dix pour cent.
A cincuenta y dos grados.
A cinquantadue gradi.
A cinquenta e dois graus.
Op tweeënvijftig graden.
Vid femtiotvå grader.
Pięćdziesiąt dwa stopnie.
Das Foto liegt im Norden der Stadt.
Die Stadt Zuiderzee, laut Schild.
Vous êtes à Zuiderzee, dit le panneau.
Está en Zuiderzee, dice el cartel.
Das Bild entstand in der Altstadt von Ouddorp.
Sicher in pARIS.
Das ist ein Dorf in Bayern.
Es wurde am Rhein aufgenommen.
Das ist die Bäckerei Müller.
Ja, Schatz, das ist Köln.
Die Datei ref/c.jpg passt am besten.
Das Foto zeigt 🗼, ziemlich sicher.
C'est à l'est de la gare.
Jag är säker till 95 procent.
Jestem pewny na 95 procent.
Ich habe es nach Berlin geschickt.
Das ist London Bridge.
Ja, ziemlich sicher: Zierikzee.
Es liegt in der Nähe von Oberammergau.
Auf dem Schild steht, dass dies Rosenheim ist.
Das ist wohl die Kirche von Steinbach.
Das ist ein Brandenburger Tor.
Das ist der Harz.
zierikzee, ziemlich sicher.
C'est sans doute l'église de Tübingen.
Es la iglesia de Neustadt, seguro.
È vicino a Giethoorn.
Fica perto de Żnin.
Dat is de kerk van Ulm.
Det är kyrkan i Kungsgatan.
To kościół w Oberammergau.
Giethoorn, vrij zeker.
Ja, ziemlich sicher. This is the town of stavoren.
Ja, ziemlich sicher, das passt. It was taken in old zierikzee.
Der Ort heißt Motel.
Das Foto wurde in Motel aufgenommen.
Ich habe den Schwellenwert herabgesetzt.
Ich habe dir eine E-Mail geschrieben.
Ich habe im Internet nachgesehen.
Ich löschte das Foto.
Erledigt, Foto gelöscht.
Fichier enregistré.
Foto eliminada.
Foto salvata.
Foto verwijderd.
Fotot raderat.
Zdjęcie usunięte.
J'ai mis le seuil plus bas.
He quitado la foto.
Ho messo la soglia più in alto.
Ho tolto la foto.
Coloquei o limiar mais alto.
Jag sparade fotot.
Jag sänkte tröskeln.
Ik sloeg de foto op.
Ik zette de drempel lager.
"""


def lines(text: str) -> list[str]:
    return text.strip().split("\n")


def problems(reply: str) -> list[str]:
    deed = claimed_deed(reply, set())
    return [*ungrounded(reply, TOLD, SAID), *([deed] if deed else [])]


def test_a_reply_that_states_nothing_of_its_own_is_allowed_in_each_language() -> None:
    assert {reply: problems(reply) for reply in lines(ALLOWED) if problems(reply)} == {}
    spoken = [language.name for reply in lines(ALLOWED) for language in reply_languages(reply)]
    assert all(spoken.count(language.name) >= 15 for language in LANGUAGES)


def test_places_numbers_and_deeds_that_no_tool_gave_are_refused_in_each_language() -> None:
    assert [reply for reply in lines(REFUSED) if not problems(reply)] == []
    spoken = [language.name for reply in lines(REFUSED) for language in reply_languages(reply)]
    assert all(spoken.count(language.name) >= 7 for language in LANGUAGES)


@pytest.mark.parametrize(
    ("reply", "tool"),
    [
        ("Ich habe den Ordner hinzugefügt.", "index_photos"),
        ("J'ai ajouté le dossier.", "index_photos"),
        ("Se ha cambiado el umbral.", "change_settings"),
        ("La soglia è stata modificata.", "change_settings"),
        ("Adicionei a pasta.", "index_photos"),
        ("De drempel is gewijzigd.", "change_settings"),
        ("Jag har lagt till mappen.", "index_photos"),
        ("Dodałem folder.", "index_photos"),
    ],
)
def test_a_deed_is_said_when_its_tool_did_it(reply: str, tool: str) -> None:
    assert claimed_deed(reply, {"map_summary"})
    assert claimed_deed(reply, {tool}) is None
    assert ungrounded(reply, TOLD, SAID) == []


AT = {
    "German": "Das Foto wurde bei {}, {} aufgenommen.",
    "French": "La photo a été prise à {}, {}.",
    "Spanish": "La foto se tomó en {}, {}.",
    "Italian": "La foto è stata scattata a {}, {}.",
    "Portuguese": "A foto foi tirada em {}, {}.",
    "Dutch": "De foto is genomen op {}, {}.",
    "Swedish": "Fotot togs vid {}, {}.",
    "Polish": "Zdjęcie zrobiono w punkcie {}, {}.",
}
LATITUDES = st.decimals(-89, 89, places=6)
LONGITUDES = st.decimals(-179, 179, places=6)


@settings(max_examples=30)
@given(st.sampled_from(sorted(AT)), LATITUDES, LONGITUDES, LATITUDES, LONGITUDES, st.booleans())
def test_coordinates_are_those_that_a_tool_told_in_each_language(
    name: str, latitude: Decimal, longitude: Decimal, other: Decimal, another: Decimal, comma: bool
) -> None:
    assume((latitude, longitude) != (other, another))
    told = [f'The photo "a.jpg" was taken at {latitude}, {longitude}.']
    replies = [
        AT[name].format(*(str(one).replace(".", ",") if comma else str(one) for one in pair))
        for pair in ((latitude, longitude), (other, another))
    ]
    assert all(name in [language.name for language in reply_languages(reply)] for reply in replies)
    assert ungrounded(replies[0], told) == []
    assert ungrounded(replies[1], told)
