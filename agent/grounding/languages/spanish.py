"""Spanish."""

import re

from .language import Language, Relations, translations, word_set

_WORDS = word_set("""
    el la los las lo un una unos unas de del al a este esta esto estos estas ese esa eso esos esas aquel aquella
    mi mis tu tus su sus nuestro nuestra yo tú él ella usted nosotros ellos ellas ustedes me te se le les nos que
    qué quien quién cual cuál cuales cuáles cuyo donde dónde cuando cuándo como cómo cuanto cuánto todo toda todos
    todas cada ningún ninguna ninguno otro otra otros otras mismo misma mismos mismas varios varias algunos
    algunas algún alguna algo nada nadie alguien tal tales ambos ambas no ni sí si

    y e o u pero sino aunque porque pues así entonces luego además también tampoco mientras desde hasta sin con
    por para sobre bajo ante contra entre según durante hacia tras en dentro fuera cerca lejos delante detrás
    encima debajo alrededor junto salvo excepto mediante

    es son era eran será serán sería serían sea sean sido ser soy eres somos está están estaba estaban estar estoy
    estás estamos ha han había haya he has hay haber hemos tiene tienen tengo tener puede pueden podría podrían
    puedo puedes poder debe deben debería deber hace hacen hacer hago quiere quiero quieres querer va van voy ir
    viene vienen ve ven veo ver visto vea vista dice dicen decir digo diga indica indican muestra muestran muestre
    parece parecen queda quedan existe existen coincide coinciden corresponde corresponden confirma confirman
    conozco conoce sé sabe saber da dan doy dé dar dime dígame indique indícame envíe envíame nombre pregunte
    pruebe prueba necesito necesita fue fueron tomada tomadas tomado tomados hecha hecho sacada sacado encontrado
    encontrada reconocido gracias hola buenos buenas días tardes noches bienvenido lo siento perdón claro bueno
    vale

    naturalmente evidentemente absolutamente muy bastante demasiado poco mucho muchos muchas casi aproximadamente
    más menos tan tanto probablemente quizá quizás seguramente posiblemente ciertamente claramente
    desgraciadamente lamentablemente solo sólo solamente simplemente exactamente realmente igualmente todavía aún
    siempre nunca jamás ya pronto ahora hoy ayer aquí ahí allí allá bien mal mejor peor tal vez acaso después
    antes sin embargo

    cuanto modo través general cambio realidad total común particular blanco duda dudas base caso efecto primer
    primero primera segundo segunda tercer tercero tercera último última siguiente mejores bueno buena mala gran
    grande pequeño pequeña nuevo nueva viejo vieja posible imposible probable seguro segura incierto desconocido
    desconocida confirmado confirmada ambiguo ambigua cierto cierta falso claro

    foto fotos fotografía fotografías imagen imágenes toma mapa lugar lugares sitio sitios posición posiciones
    coordenadas latitud longitud puntuación puntuaciones umbral margen distancia distancias metro metros candidato
    candidatos candidata referencia referencias coincidencia coincidencias pista pistas indicio indicios cartel
    carteles letrero letreros texto textos palabra palabras letra letras inscripción señal fachada fachadas muro
    muros pared edificio edificios casa casas calle calles ventana ventanas techo puerta puertas piedra ladrillo
    geometría puntos punto certeza confianza respuesta respuestas pregunta preguntas razón razones motivo carpeta
    carpetas archivo archivos ruta ajuste ajustes parámetro herramienta herramientas lista resultado resultados
    ejemplo parte cuanto todas dos tres cuatro cinco seis siete ocho nueve diez noche día negro color línea
    detalle orden

    mira mire comprueba compruebe abre abra elige elija compara compare verifica verifique espera espere tome deja
    deje cambia cambie añade añada pulsa pulse escribe escriba podrías difícil fácil perfecto entendido exacto
    lástima actualmente aparentemente asimismo apenas anteriormente concretamente desafortunadamente efectivamente
    especialmente finalmente generalmente inicialmente normalmente obviamente ojalá posteriormente precisamente
    previamente primeramente principalmente siquiera últimamente únicamente visible legible igual cuidado
    inténtalo intenta intente
""")  # fmt: skip

_HAVE = r"\b(?:he|hemos|ha sido|han sido|fue|fueron|se ha|se han|está|están|acabo de|ya)\b[^.!?\n]{0,60}?\b"

SPANISH = Language(
    name="Spanish",
    auxiliary="fue",
    words=_WORDS,
    determiners=word_set("""
        el la los las un una unos unas este esta estos estas ese esa mi mis tu tus su sus nuestro tú
        usted me te lo que si
    """),
    relations=Relations(
        before_places=word_set("en a hacia desde"),
        is_words=word_set("es son era está llamado llamada llama"),
        places=word_set("""
            ciudad pueblo barrio calle plaza país región avenida isla puerto estación provincia villa
        """),
        read=word_set("""
            cartel carteles letrero letreros texto textos palabra palabras letra letras inscripción señal
            dice dicen pone lee leen leer leído leída indica escrito pista pistas indicio indicios placa
            rótulo
        """),
        named=word_set("""
            foto fotos imagen imágenes archivo archivos referencia candidato candidata nombre llamada
        """),
    ),
    polite=word_set("usted ustedes ud"),
    beginnings=re.compile(r".{4,}mente"),
    following=re.compile(r".{2,}(?:mente|ar|er|ir|arla|arlo|erla|erlo)"),
    numbers=translations("""
        one: un uno una
        two: dos
        three: tres
        four: cuatro
        five: cinco
        six: seis
        seven: siete
        eight: ocho
        nine: nueve
        ten: diez
        eleven: once
        twelve: doce
        thirteen: trece
        fourteen: catorce
        fifteen: quince
        sixteen: dieciséis
        seventeen: diecisiete
        eighteen: dieciocho
        nineteen: diecinueve
        twenty: veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete
        twenty: veintiocho veintinueve veintena
        thirty: treinta
        forty: cuarenta
        fifty: cincuenta
        sixty: sesenta
        seventy: setenta
        eighty: ochenta
        ninety: noventa
        hundred: cien ciento cientos doscientos trescientos cuatrocientos quinientos seiscientos setecientos
        hundred: ochocientos novecientos centenar centenares
        thousand: mil miles millar millares
        million: millón millones
        dozen: docena docenas decena decenas
        half: medio media mitad
        few: pocos pocas unos unas varios varias algunos algunas
        point: coma
        minus: menos
    """),
    units=translations("""
        metres: metro metros
        kilometres: kilómetro kilómetros
        centimetres: centímetro centímetros
        degrees: grado grados
        minutes: minuto minutos
        hours: hora horas
        seconds: segundo segundos
        days: día días
        weeks: semana semanas
        months: mes meses
        years: año años siglo siglos
        miles: milla millas
        blocks: cuadra cuadras manzanas
    """),
    compass=translations("""
        north: norte
        south: sur
        west: oeste
    """),
    east_after={"este": ("al", "del", "el")},
    directions=re.compile(r"(?:nor|sur|sud)(?:d?este|d?oeste)|septentrional\w*|meridional\w*|occidental\w*|"
    r"oriental\w*"),
    deeds={
        "index_photos": re.compile(
            _HAVE + r"(?:añadido|agregado|indexado|importado|aprendido|incluido|añadid[oa]s?|agregad[oa]s?|"
                r"indexad[oa]s?)\b"
            r"|\b(?:añadí|agregué|indexé|importé)\b"
        ),
        "change_settings": re.compile(
            _HAVE + r"(?:cambiad|modificad|ajustad|fijad|establecid|aumentad|reducid|subid|bajad|restablecid|"
                r"actualizad)"
            r"[oa]s?\b|\b(?:cambié|modifiqué|ajusté|fijé|aumenté|reduje)\b|\b(?:he|hemos)\s+puesto\b|\bpuse\b"
        ),
        "": re.compile(
            _HAVE + r"(?:guardad|exportad|eliminad|quitad|borrad|enviad|subid|descargad|movid|renombrad|copiad|"
            r"almacenad|buscad)"
            r"[oa]s?\b|\b(?:guardé|exporté|eliminé|borré|envié|subí|descargué|moví|copié|busqué)\b"
        ),
    },
)  # fmt: skip
