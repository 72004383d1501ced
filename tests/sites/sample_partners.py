"""The invented partners of the sample, one a line: `name|contact|country|language|currency|size|level`.

`size` says how much a partner sells: `-` nothing, then `a` (affiliate) to `t` (titanium).
"""

PARTNERS = """\
Aldergrove Phones|Mara Linden|DE|de-DE|EUR|s|silver
Birkhaug Telefoni|Sverre Moen|SE|sv|SEK|b|bronze
Calle Nueve Comunicaciones|Lucía Ferrán|ES|es|EUR|g|gold
Drossel & Söhne Fernmeldetechnik|Jörg Drossel|AT|de-AT|EUR|b|bronze
Elmwick Voice|Nell Harrow|GB|en-GB|GBP|p|platinum
Fjordlys Samtale|Ingrid Vik|SE|sv|SEK|a|affiliate
Granite Loop Systems|Dale Pruitt|US|en-US|USD|t|titanium
Haru Denwa|春田 美咲|JP|ja|JPY|s|silver
Inselruf|Beat Amrein|CH|de-CH|CHF|g|silver
Jasna Linia|Zofia Krawiec|PL|pl|PLN|s|bronze
Kestrel Row Networks|Tom Eddery|GB|en|GBP|b|bronze
La Centralita Azul|Inés Robledo|MX|es-MX|USD|s|silver
Mirqab Voice|Fahad Al-Sane|KW|ar|KWD|g|gold
Nonna Telefono|Chiara Bassi|IT|it|EUR|b|affiliate
Ostwind Systemhaus|Katrin Behr|DE|de|EUR|t|titanium
Praia Voz|Davi Nogueira|BR|pt-BR|BRL|b|bronze
Quarry Bank Telecom|Isla Munro|GB|en-GB|GBP|s|silver
Rue Basse Téléphonie|Éloïse Garnier|FR|fr|EUR|s|gold
Saltmarsh IT|Ben Okafor|GB|en-GB|GBP|a|affiliate
Tamarind Calls|Ravi Shenoy|SG|en|USD|b|bronze
Uferweg Kommunikation|Lars Petri|DE|de|EUR|b|bronze
Vento Norte|Joana Sequeira|PT|pt|EUR|a|affiliate
Weidenkamp IT|Anke Rohde|DE|de|EUR|s|bronze
Xantippe Networks|Ada Quill|US|en-US|USD|g|gold
Yamabuki Tsūshin|山吹 健|JP|ja-JP|JPY|b|bronze
Zinnober Netz|Urs Imhof|CH|de-CH|CHF|b|bronze
Amberfold Ltd|Gus Tranter|GB|en|GBP|a|affiliate
Brisa Sur Telefonía|Marta Olmedo|ES|es|EUR|b|bronze
Copperline Voice|Wade Kinsey|US|en-US|USD|p|platinum
Dörrwald Bürotechnik|Heike Dörr|DE|de|EUR|a|bronze
Étoile Réseau|Luc Barbier|FR|fr-FR|EUR|b|bronze
Fallow & Finch|Rosa Finch|US|en|USD|a|affiliate
<script>alert('credit')</script> {{7*7}} [x](http://evil.example) "Quoted", & Sons|O'Mara|US|en|USD|b|bronze
שיחה טובה בע״מ|נועה ברק|IL|he|USD|b|silver
Nova\N{RIGHT-TO-LEFT OVERRIDE}moc.liavE Systems|Kit Marlowe|GB|en|GBP|a|affiliate
مقسم الخليج|سالم العتيبي|KW|ar-KW|KWD|b|bronze
Glockenruf|Stefan Ott|AT|de-AT|EUR|s|silver
Holt & Heath Communications|Ivy Heath|GB|en-GB|GBP|g|gold
Isla Verde Redes|Pablo Cruz|ES|es|EUR|a|affiliate
Jutro Telekom|Piotr Sowa|PL|pl-PL|PLN|b|bronze
Kirschgarten Telefonie|Nina Weiss|CH|fr-CH|CHF|s|silver
Lonesome Oak Voice|Jo Tallis|US|en-US|USD|s|silver
Mistral & Mer|Anaïs Roche|FR|fr|EUR|g|platinum
Nebelhorn IT|Timo Falk|DE|de|EUR|g|gold
Océan Bleu Télécom|Yann Le Goff|FR|fr|EUR|a|affiliate
Pampa Digital|Bruno Sales|BR|pt-BR|BRL|s|silver
Quellhof|Gerd Quell|DE|de|EUR|-|affiliate
Rødspove Data|Maja Lund|SE|sv-SE|SEK|s|silver
Sakura Relay|佐倉 玲|JP|ja|JPY|g|gold
Tres Puentes|Elena Vidal|ES|es-ES|EUR|p|gold
Umbra Telefoni|Axel Nord|SE|sv|SEK|-|bronze
Valdoro Voce|Paolo Serra|IT|it|EUR|s|silver
Wolkenbruch Systeme|Eva Kranz|DE|de|EUR|p|platinum
Yarrow Telecom|Fern Yarrow|GB|en|GBP|-|affiliate
Zephyr Lane|Max Odell|US|en-US|USD|-|silver
Zwölfender Funk|Ute Hirsch|DE|de|EUR|a|affiliate
Abrigo Comunicações|Rita Lobo|PT|pt-PT|EUR|-|gold
Bay of Reeds|Mo Sayed|KW|en|KWD|a|affiliate
Closed Harbour Voice|Len Pike|GB|en-GB|GBP|b|bronze
Dialwood|Pat Sorrel|US|en-US|USD|t|platinum
"""
