"""French."""

import re

from .language import Language, Relations, translations, word_set

_WORDS = word_set("""
    le la les l un une des du de d au aux ce cet cette ces celui celle ceux celles ceci cela ça c mon ma mes ton
    ta tes son sa ses notre nos votre vos leur leurs je j tu il elle on nous vous ils elles me m te t se s lui eux
    y en qui que qu quoi dont où quel quelle quels quelles lequel laquelle lesquels lesquelles auquel tout toute
    tous toutes chaque aucun aucune autre autres même mêmes plusieurs quelques certain certaine certains certaines
    tel telle tels telles rien personne quelque chose n ne pas plus moins jamais guère ni non oui si

    et ou mais donc or car puis ensuite enfin quand lorsque lorsqu comme parce puisque puisqu afin pendant depuis
    avant après sans avec pour par sur sous dans en à vers chez entre parmi contre selon malgré sauf hors près
    loin devant derrière dessus dessous dedans dehors autour au-dessus au-dessous jusque jusqu dès grâce quant
    lors d'après

    est sont était étaient sera seront serait seraient soit soient été être suis es êtes sommes a ont avait
    avaient aura aurait avoir ai as avez avons fait font faire fais faites peut peuvent pouvait pourrait
    pourraient puis peux pouvez pouvoir doit doivent devrait devoir faut falloir faudrait veut veulent voulez veux
    vouloir va vont vais allez aller vient viennent venir voit voient vois voyez voir vu dit disent dire dites
    indique indiquent montre montrent montrez ressemble ressemblent semble semblent paraît paraissent reste
    restent trouve trouvent trouvez trouver trouvé existe correspond correspondent correspondre confirme
    confirment confirmer connaît connais connaissent connu sais sait savoir donne donnent donnez donner donnez-moi
    indiquez indiquez-moi envoyez précisez nommez demandez essayez merci bonjour bonsoir salut bienvenue désolé
    désolée pardon voici voilà d'accord bien sûr sûre sûrs certes merci

    naturellement évidemment volontiers absolument très assez trop peu beaucoup presque environ plutôt
    probablement sans doute peut-être vraisemblablement certainement sûrement clairement nettement malheureusement
    heureusement seulement simplement exactement vraiment également aussi encore toujours déjà bientôt maintenant
    aujourd'hui hier ici là ailleurs partout alors ainsi cependant toutefois pourtant néanmoins sinon surtout
    notamment ensemble seul seule seuls seules autrement

    effet général revanche particulier outre fait haut bas droite gauche partir nouveau travers cause côté peine
    moitié propos savoir moins peu première premier deuxième second seconde troisième dernier dernière prochain
    meilleur meilleure meilleurs bon bonne bons bonnes mauvais mauvaise grand grande petit petite nouveau nouvelle
    vieux vieille ancien ancienne seul possible impossible probable incertain incertaine inconnu inconnue confirmé
    confirmée ambigu ambiguë vrai vraie faux fausse clair claire

    photo photos photographie photographies image images prise prises cliché vue vues carte lieu lieux endroit
    endroits place position positions coordonnées latitude longitude score scores seuil marge distance distances
    mètre mètres candidat candidats candidate référence références correspondance correspondances indice indices
    élément éléments panneau panneaux enseigne enseignes texte textes mot mots lettre lettres inscription signe
    signes façade façades mur murs bâtiment bâtiments maison maisons rue rues fenêtre fenêtres toit porte portes
    pierre brique briques géométrie points point certitude doute confiance réponse réponses question questions
    raison raisons dossier dossiers fichier fichiers chemin réglage réglages paramètre paramètres outil outils
    liste résultat résultats exemple deux trois quatre cinq six sept huit neuf dix fin ordre rang tête commun
    total base nuit jour noir blanc couleur ligne détail

    essaie essayons regarde regardez vérifie vérifiez ouvre ouvrez choisis choisissez compare comparez précise
    prenez prends
    poids vaut valent similitude ressemblance
    laisse laissez attends attendez clique cliquez tape tapez ajoute ajoutez change changez relance relancez
    difficile facile pareil dommage parfait entendu compris exact inutile actuellement apparemment auparavant bref
    concernant dorénavant désormais davantage éventuellement finalement globalement habituellement initialement
    jusqu'ici là-bas notez parfois précédemment premièrement quoique rarement souvent tellement tantôt
    ultérieurement pourriez dois devez sauriez savez auriez parlez parlez-vous est-ce hélas quelques-uns lisible visible
""")  # fmt: skip

_HAVE = (
    r"\b(?:j'ai|ai|nous avons|avons|a été|ont été|est (?:maintenant|désormais)|sont (?:maintenant|désormais)|est|"
    r"sont|"
    r"viens de|vient d'être)\b[^.!?\n]{0,60}?\b"
)

FRENCH = Language(
    name="French",
    auxiliary="est",
    words=_WORDS,
    elided=("l", "d", "n", "m", "t", "s", "c", "j", "qu", "jusqu", "lorsqu", "puisqu"),
    determiners=word_set("""
        le la les l un une des ce cet cette ces mon ma mes ton ta tes son sa ses notre nos votre vos
        leur leurs moi vous nous me te que qu
    """),
    relations=Relations(
        before_places=word_set("à vers chez"),
        is_words=word_set("est était sont soit nommé nommée appelé appelée"),
        places=word_set("""
            ville village quartier rue place pays région avenue boulevard commune île port gare
            département
        """),
        read=word_set("""
            panneau panneaux enseigne enseignes texte textes mot mots lettre lettres inscription lit lu
            lue lus lisent lire dit indique écrit écrite affiche indice indices plaque marque néon
        """),
        named=word_set("""
            photo photos image images fichier fichiers référence candidat candidate nom nommée cliché
        """),
    ),
    beginnings=re.compile(r".{4,}(?:ment|tions?|ités?)"),
    following=re.compile(r".{2,}(?:er|ir|re|ment|tions?|ités?)"),
    numbers=translations("""
        one: un une
        two: deux
        three: trois
        four: quatre
        five: cinq
        six: six
        seven: sept
        eight: huit
        nine: neuf
        ten: dix
        eleven: onze
        twelve: douze
        thirteen: treize
        fourteen: quatorze
        fifteen: quinze
        sixteen: seize
        twenty: vingt vingts vingtaine
        thirty: trente trentaine
        forty: quarante quarantaine
        fifty: cinquante cinquantaine
        sixty: soixante soixantaine
        eighty: octante huitante
        ninety: nonante
        seventy: septante
        hundred: cent cents centaine centaines
        thousand: mille millier milliers
        million: million millions
        dozen: douzaine douzaines dizaine dizaines
        half: demi demie moitié
        few: quelques plusieurs
        point: virgule
        minus: moins
    """),
    units=translations("""
        metres: mètre mètres
        kilometres: kilomètre kilomètres
        centimetres: centimètre centimètres
        degrees: degré degrés
        percent: pourcent
        minutes: minute minutes
        hours: heure heures
        seconds: seconde secondes
        days: jour jours
        weeks: semaine semaines
        months: mois
        years: an ans année années siècle siècles
        miles: mille milles
    """),
    compass=translations("""
        north: nord
        south: sud
        west: ouest
    """),
    east_after={"est": ("l",)},
    directions=re.compile(r"(?:nord|sud)-(?:est|ouest)|septentrional\w*|méridional\w*|occidental\w*|oriental\w*"),
    deeds={
        "index_photos": re.compile(_HAVE + r"(?:ajouté|indexé|importé|mémorisé|appris|inclus)(?:e?s?)\b"),
        "change_settings": re.compile(
            _HAVE + r"(?:changé|modifié|réglé|ajusté|fixé|augmenté|diminué|réduit|réinitialisé|mis à jour|relevé|"
                r"abaissé)"
            r"(?:e?s?)\b|\b(?:j'ai|avons)\s+(?:re)?mis\b"
        ),
        "": re.compile(
            _HAVE + r"(?:enregistré|sauvegardé|exporté|supprimé|effacé|envoyé|téléversé|téléchargé|déplacé|"
                r"renommé|copié|"
            r"recherché|cherché)(?:e?s?)\b"
        ),
    },
)  # fmt: skip
