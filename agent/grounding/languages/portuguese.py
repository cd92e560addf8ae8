"""Portuguese."""

import re

from .language import Language, Relations, translations, word_set

_WORDS = word_set("""
    o a os as um uma uns umas de do da dos das no na nos nas num numa ao aos à às pelo pela pelos pelas em com por
    para pra este esta isto estes estas esse essa isso esses essas aquele aquela aquilo neste nesta nisto nesse
    nessa nisso deste desta disto desse dessa disso meu minha teu tua seu sua seus suas nosso nossa eu tu ele ela
    você nós eles elas vocês me te se lhe que quê quem qual quais cujo onde quando como quanto porque porquê todo
    toda todos todas cada nenhum nenhuma outro outra outros outras mesmo mesma mesmos mesmas vários várias alguns
    algumas algum alguma algo nada ninguém alguém tal tais ambos ambas não nem sim se

    e ou mas porém contudo todavia embora pois assim então logo depois além também enquanto desde até sem sobre
    sob ante contra entre segundo durante após antes perto longe diante atrás dentro fora acima abaixo junto
    exceto conforme portanto aliás entretanto

    é são era eram será serão seria seja sejam sido ser sou és somos está estão estava estar estou há havia haver
    tem têm tinha ter tenho pode podem poderia posso podes poder deve devem deveria faz fazem fazer faço quer
    quero queres vai vão vou ir vem vêm vê vejo ver visto vista veja diz dizem dizer digo diga indica indicam
    mostra mostram mostre parece parecem fica ficam existe existem coincide coincidem corresponde correspondem
    confirma confirmam conheço conhece sei sabe saber dá dê dar dou diga-me indique envie nomeie pergunte tente
    preciso precisa foi foram tirada tiradas tirado tirados feita feito encontrado encontrada reconhecido obrigado
    obrigada olá oi bom boa bem-vindo desculpe lamento infelizmente claro certo

    naturalmente evidentemente muito bastante demasiado pouco muitos muitas quase aproximadamente cerca mais menos
    tão tanto provavelmente talvez certamente possivelmente seguramente claramente apenas só somente simplesmente
    exatamente realmente igualmente ainda sempre nunca jamais já breve agora hoje ontem aqui aí ali lá bem mal
    melhor pior

    geral vez realidade total comum particular branco dúvida dúvidas base caso efeito cima baixo primeiro primeira
    segunda terceiro terceira último última próximo próxima melhores grande pequeno pequena novo nova velho velha
    possível impossível provável seguro segura incerto incerta desconhecido desconhecida confirmado confirmada
    ambíguo ambígua verdadeiro falso

    foto fotos fotografia fotografias imagem imagens mapa lugar lugares local locais sítio posição posições
    coordenadas latitude longitude pontuação pontuações limiar margem distância distâncias metro metros candidato
    candidatos candidata referência referências correspondência correspondências pista pistas indício indícios
    placa placas letreiro letreiros texto textos palavra palavras letra letras inscrição fachada fachadas muro
    muros parede edifício edifícios prédio casa casas rua ruas janela janelas telhado porta portas pedra tijolo
    geometria pontos ponto certeza confiança resposta respostas pergunta perguntas razão razões motivo pasta
    pastas arquivo arquivos ficheiro ficheiros caminho ajuste ajustes definição definições parâmetro ferramenta
    ferramentas lista resultado resultados exemplo parte dois duas três quatro cinco seis sete oito nove dez noite
    dia preto cor linha detalhe ordem

    olha olhe verifique verifica abra abre escolha compare espera espere toma tome deixa deixe muda mude altere
    adicione clique escreva difícil fácil perfeito entendido exato pena atualmente aparentemente anteriormente
    concretamente efetivamente especialmente finalmente geralmente inicialmente normalmente obviamente
    posteriormente precisamente previamente principalmente salvo sequer ultimamente unicamente tudo visível
    legível igual cuidado experimente
""")  # fmt: skip

_HAVE = r"\b(?:foi|foram|tenho|temos|está agora|estão agora|está|estão|acabei de|já)\b[^.!?\n]{0,60}?\b"

PORTUGUESE = Language(
    name="Portuguese",
    auxiliary="foi",
    words=_WORDS,
    determiners=word_set("""
        o a os as um uma uns umas este esta esse essa meu minha teu tua seu sua você tu me te que se
    """),
    relations=Relations(
        before_places=word_set("em para desde até"),
        is_words=word_set("é são era está chamado chamada chama"),
        places=word_set("""
            cidade vila aldeia bairro rua praça país região avenida ilha porto estação província
        """),
        read=word_set("""
            placa placas letreiro letreiros texto textos palavra palavras letra letras inscrição diz
            dizem lê leem ler lido lida indica escrito pista pistas indício indícios
        """),
        named=word_set("""
            foto fotos imagem imagens arquivo ficheiro referência candidato candidata nome chamada
        """),
    ),
    polite=word_set("você vocês"),
    beginnings=re.compile(r".{4,}mente"),
    following=re.compile(r".{2,}(?:mente|ar|er|ir|á-la|á-lo)"),
    numbers=translations("""
        one: um uma
        two: dois duas
        three: três
        four: quatro
        five: cinco
        six: seis
        seven: sete
        eight: oito
        nine: nove
        ten: dez
        eleven: onze
        twelve: doze
        thirteen: treze
        fourteen: catorze quatorze
        fifteen: quinze
        sixteen: dezesseis dezasseis
        seventeen: dezessete dezassete
        eighteen: dezoito
        nineteen: dezenove dezanove
        twenty: vinte vintena
        thirty: trinta
        forty: quarenta
        fifty: cinquenta
        sixty: sessenta
        seventy: setenta
        eighty: oitenta
        ninety: noventa
        hundred: cem cento centos duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos
        hundred: novecentos centena centenas
        thousand: mil milhar milhares
        million: milhão milhões
        dozen: dúzia dúzias dezena dezenas
        half: meio meia metade
        few: poucos poucas uns umas vários várias alguns algumas
        point: vírgula
        minus: menos
    """),
    units=translations("""
        metres: metro metros
        kilometres: quilômetro quilômetros quilómetro quilómetros
        centimetres: centímetro centímetros
        degrees: grau graus
        minutes: minuto minutos
        hours: hora horas
        seconds: segundo segundos
        days: dia dias
        weeks: semana semanas
        months: mês meses
        years: ano anos século séculos
        miles: milha milhas
        blocks: quarteirão quarteirões quadra quadras
    """),
    compass=translations("""
        north: norte
        south: sul
        east: leste
        west: oeste
    """),
    directions=re.compile(r"(?:nor|su)d(?:este|oeste)|sudeste|sudoeste|setentrional|meridional|ocidental|oriental"),
    deeds={
        "index_photos": re.compile(
            _HAVE + r"(?:adicionad|acrescentad|indexad|importad|aprendid|incluíd)[oa]s?\b"
            r"|\b(?:adicionei|acrescentei|indexei|importei|incluí)\b"
        ),
        "change_settings": re.compile(
            _HAVE + r"(?:alterad|mudad|modificad|ajustad|definid|fixad|aumentad|reduzid|redefinid|atualizad)[oa]s?\b"
            r"|\b(?:pus|coloquei|alterei|mudei|modifiquei|ajustei|defini|aumentei|reduzi|atualizei)\b"
        ),
        "": re.compile(
            _HAVE + r"(?:salv[oa]s?|(?:guardad|gravad|exportad|apagad|excluíd|removid|enviad|carregad|baixad|movid|"
            r"renomead|copiad|armazenad)[oa]s?)\b"
            r"|\b(?:guardei|salvei|gravei|exportei|apaguei|excluí|removi|enviei|baixei|movi|copiei|pesquisei|"
                r"procurei)\b"
        ),
    },
)  # fmt: skip
