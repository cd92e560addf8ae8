"""What places and peoples are called in other languages than English; the English names are in `vocabulary`."""

import re

from .language import word_set

FOREIGN_PLACES = word_set("""
    deutschland österreich schweiz frankreich italien spanien niederlande belgien luxemburg polen tschechien
    dänemark schweden norwegen finnland russland england großbritannien schottland irland ungarn griechenland
    türkei kroatien europa amerika asien afrika australien china japan indien brasilien kanada mexiko ägypten
    marokko niedersachsen bayern sachsen hessen thüringen schwarzwald elbe rhein donau alpen kreuzberg
    berlin-mitte alexanderplatz münchen köln nürnberg düsseldorf hannover braunschweig würzburg göttingen jülich
    aachen essen bochum bonn mainz münster ulm halle hagen kassel kiel lübeck rostock potsdam erfurt weimar jena
    regensburg augsburg konstanz trier koblenz tübingen karlsruhe mannheim saarbrücken wuppertal bielefeld
    osnabrück oldenburg schleswig flensburg leipzig dresden freising passau wien zürich genf luzern mailand rom
    venedig florenz neapel turin genua prag warschau danzig krakau breslau posen brüssel antwerpen gent brügge
    lüttich paris straßburg strassburg nizza kopenhagen stockholm moskau athen istanbul lissabon madrid peking
    tokio kairo bandung

    allemagne autriche suisse espagne italie belgique pays-bas pologne tchéquie danemark suède norvège finlande
    russie angleterre grande-bretagne écosse irlande hongrie grèce turquie croatie europe amérique asie afrique
    australie chine japon inde brésil mexique égypte maroc bretagne normandie alsace bourgogne provence angers
    quimper honfleur dinant dinan rodez soissons avignon alençon rennes reims dijon nîmes tours brest metz amiens
    arles limoges besançon orléans caen rouen calais dunkerque havre mans nancy pau cannes monaco londres vienne
    genève bruxelles anvers gand bruges liège cologne munich berlin francfort rome milan venise florence naples
    turin gênes varsovie cracovie prague copenhague moscou athènes lisbonne madrid barcelone séville pékin
    montréal québec

    alemania austria suiza francia italia bélgica holanda polonia chequia dinamarca suecia noruega finlandia rusia
    inglaterra escocia irlanda hungría grecia turquía croacia américa áfrica españa méxico perú brasil japón
    egipto marruecos andalucía cataluña galicia castilla aragón asturias parís londres viena ginebra bruselas
    amberes colonia múnich fráncfort roma milán venecia florencia nápoles turín génova varsovia cracovia praga
    copenhague estocolmo moscú atenas lisboa sevilla córdoba málaga cádiz zaragoza burgos salamanca toledo bogotá
    caracas asunción concepción montevideo

    germania svizzera spagna belgio olanda paesi-bassi danimarca svezia norvegia russia inghilterra scozia
    ungheria turchia toscana lombardia sicilia sardegna veneto parigi londra vienna ginevra bruxelles anversa
    colonia monaco francoforte berlino milano venezia firenze napoli torino genova bologna verona pisa siena
    trieste trento bolzano perugia catania palermo varsavia cracovia copenaghen stoccolma mosca atene lisbona
    siviglia barcellona pechino

    alemanha áustria suíça frança itália países-baixos polônia polónia dinamarca suécia noruega rússia inglaterra
    escócia hungria grécia turquia croácia américas áfrica ásia espanha japão índia egito egipto marrocos londres
    viena genebra bruxelas antuérpia colônia munique berlim roma milão veneza florença nápoles turim varsóvia
    cracóvia copenhaga copenhague estocolmo moscovo moscou atenas madri sevilha coimbra braga évora faro

    duitsland oostenrijk zwitserland frankrijk italië spanje belgië polen denemarken zweden noorwegen rusland
    griekenland turkije vlaanderen zeeland friesland limburg brabant gelderland parijs londen wenen genève brussel
    antwerpen brugge keulen münchen berlijn frankfurt rome milaan venetië warschau praag kopenhagen moskou
    lissabon barcelona ouddorp zierikzee nijmegen arnhem breda tilburg zwolle deventer gouda dordrecht almere
    enschede hilversum

    tyskland schweiz frankrike spanien nederländerna danmark sverige norge ryssland skottland grekland turkiet
    skåne göteborg malmö köpenhamn uppsala lund linköping norrköping västerås örebro umeå luleå wien bryssel
    london rom moskva

    niemcy niemczech austrii szwajcarii francja francji włochy włoszech hiszpania hiszpanii belgia belgii holandia
    holandii polska polsce czechy czechach dania danii szwecja szwecji norwegia norwegii rosja rosji anglia anglii
    europa europie warszawa warszawie warszawy kraków krakowie krakowa gdańsk gdańsku gdańska wrocław wrocławiu
    wrocławia poznań poznaniu łódź łodzi lublin lublinie szczecin szczecinie toruń toruniu paryż paryżu paryża
    londyn londynie wiedeń wiedniu berlinie berlina praga pradze rzym rzymie mediolan wenecja wenecji bruksela
    brukseli moskwa moskwie
""")  # fmt: skip

# Peoples, by the beginnings of their names and adjectives.
PEOPLES = re.compile(
    r"(?:deutsch|französ|italien|spanisch|portugies|niederländ|holländ|schwedi|polnisch|österreich|schweizer|"
    r"belgisch|"
    r"britisch|amerikan|chines|japan|türkisch|alleman|espagnol|portugais|néerland|holland|suédois|polonais|autrich|"
    r"suisse|belge|chinois|japonais|aleman|alemán|frances|francés|español|portugu|neerland|suec|polac|austríac|"
    r"austriac|"
    r"suiz|belga|tedesc|spagnol|portoghes|olandes|svedes|svizzer|alemã|francês|francesa|espanhol|holandes|holandês|"
    r"polonês|suíç|duits|frans|spaans|italiaans|zweeds|oostenrijks|zwitsers|tysk|fransk|spansk|italiensk|svensk|"
    r"polsk|"
    r"niemiec|francusk|hiszpańsk|włosk|holenders|szwedzk|austriack|szwajcarsk|belgijsk)\w{0,6}"
)
