"""Word lists of the fact checks: places and brands, things counted, materials, things denied.

Why: capitals say nothing in Title Case, and a material or a fee is a fact although it is no number.
Leaves out: how they are used (facts.py, claims.py); a name that is not here is caught by its capital only.
"""

from relate_engine.rewards.words import word_set

# Names a text may use because its ad runs there.
AT_HOME = {
    "us": "us usa u.s america american americans states united nationwide",
    "uk": "uk britain british england united kingdom",
    "au": "australia australian aussie", "ca": "canada canadian canadians", "ie": "ireland irish",
    "nz": "zealand", "eu": "europe european eu",
}  # fmt: skip

# Places, peoples, brands and feasts that are names whatever their case.
PROPER = word_set(
    """alabama alaska arizona arkansas california colorado connecticut delaware florida hawaii idaho illinois
    indiana iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi
    missouri montana nebraska nevada ohio oklahoma oregon pennsylvania tennessee texas utah vermont
    wisconsin wyoming carolina dakota hampshire manhattan brooklyn queens bronx boston chicago houston
    dallas austin denver seattle portland atlanta miami orlando tampa detroit cleveland columbus
    cincinnati pittsburgh philadelphia baltimore nashville memphis milwaukee minneapolis sacramento
    oakland fresno tucson albuquerque omaha tulsa wichita raleigh durham savannah asheville boise
    spokane tacoma honolulu anchorage vegas malibu napa london manchester liverpool leeds sheffield
    bristol birmingham edinburgh glasgow cardiff belfast newcastle nottingham leicester brighton oxford
    cambridge norwich york cornwall devon dorset kent sussex essex yorkshire cumbria lancashire scotland
    wales england ireland britain dublin galway paris berlin munich hamburg vienna zurich geneva rome
    milan venice tuscany sicily naples florence madrid barcelona seville lisbon porto amsterdam brussels
    copenhagen stockholm oslo helsinki prague budapest warsaw athens istanbul tokyo kyoto osaka seoul
    beijing shanghai singapore bangkok sydney melbourne brisbane perth auckland toronto vancouver
    montreal mexico cancun bali dubai america canada australia france germany italy spain portugal
    greece sweden norway denmark finland iceland poland netherlands belgium switzerland austria hungary
    japan korea india thailand vietnam brazil argentina peru colombia kenya ethiopia egypt morocco
    europe asia africa american british italian french german spanish swiss japanese korean chinese
    scottish irish welsh scandinavian nordic swedish danish norwegian belgian austrian portuguese greek
    turkish moroccan ethiopian colombian brazilian peruvian mexican thai indian icelandic dutch european
    google amazon facebook instagram tiktok youtube twitter linkedin microsoft oracle netflix spotify
    samsung sony nike adidas ikea walmart costco tesla toyota bmw ferrari starbucks mcdonalds disney
    pixar harvard stanford yale mit nasa forbes michelin vogue oprah trustpilot yelp reddit wikipedia
    nytimes bbc cnn wirecutter consumerreports visa mastercard paypal klarna venmo android iphone ipad
    quickbooks shopify salesforce hubspot slack christmas easter halloween thanksgiving hanukkah diwali
    ramadan valentine
    sacramento albany albuquerque anaheim annapolis arlington aspen augusta bakersfield bangor 
    bellingham berkeley billings bismarck bloomington bozeman bridgeport burlington charleston charlotte
    chattanooga cheyenne dayton duluth eugene evanston fargo fayetteville flagstaff fremont galveston greensboro
    greenville hartford huntsville indianapolis jacksonville juneau kalamazoo knoxville lansing laredo
    lexington louisville lubbock macon missoula modesto montgomery nantucket newark norfolk oahu olympia
    oxnard pasadena pensacola peoria  provo pueblo reno richmond roanoke rochester
    sarasota scottsdale shreveport somerville spokane stockton syracuse tallahassee toledo topeka trenton tulsa
    tuscaloosa wilmington yakima yonkers vermonter appalachian appalachia sonoma tahoe yosemite catskills
    aberdeen aberystwyth blackpool bolton bournemouth bradford carlisle chester chichester colchester coventry
    dundee durham exeter gloucester grimsby guildford harrogate hereford hove huddersfield ipswich
    inverness keswick lancaster luton maidstone middlesbrough northampton peterborough plymouth portsmouth
    rotherham salford salisbury scarborough shrewsbury southampton stirling stockport sunderland swansea swindon
    taunton truro wakefield whitby wigan winchester wolverhampton worcester staffordshire derbyshire
    lincolnshire norfolk suffolk wiltshire somerset cheshire shropshire northumberland hebrides
    limerick kilkenny donegal calgary edmonton halifax ottawa quebec saskatoon winnipeg ontario alberta
    manitoba yukon adelaide canberra hobart cairns queensland tasmania wellington christchurch dunedin
    antwerp ghent bruges bordeaux lyon marseille nantes toulouse provence normandy burgundy cologne frankfurt dresden
    stuttgart leipzig bavaria salzburg basel turin bologna palermo genoa verona parma umbria piedmont valencia
    granada bilbao malaga andalusia ibiza algarve krakow gdansk bucharest zagreb ljubljana riga vilnius tallinn
    croatia slovenia slovakia serbia bulgaria romania ukraine estonia latvia lithuania malta cyprus luxembourg
    albania czechia russia cuba jamaica bahamas haiti panama guatemala honduras nicaragua ecuador bolivia uruguay
    paraguay venezuela chilean brazilian tunisia algeria nigeria ghana senegal uganda tanzania rwanda
    zambia zimbabwe namibia botswana madagascar israel lebanon iran iraq emirates qatar kuwait oman pakistan
    bangladesh nepal cambodia laos malaysia indonesia philippines taiwan mongolia fiji samoa guam
    sumatra borneo mumbai delhi bangalore jakarta manila hanoi saigon cairo nairobi lagos johannesburg
    marrakech casablanca havana lima bogota santiago quito vietnamese indonesian filipino malaysian taiwanese
    pakistani lebanese israeli egyptian kenyan nigerian tanzanian rwandan guatemalan honduran jamaican cuban
    czech hungarian romanian bulgarian croatian ukrainian russian finnish austrian australian canadian
    amish andean himalayan mediterranean caribbean arctic antarctic sahara kentuckian texan
    californian hawaiian alaskan brooklynite londoner iberian sicilian tuscan venetian parisian bavarian cornish
    mclaren porsche audi honda nissan hyundai kia subaru volvo chevrolet bosch siemens philips dyson lego
    patagonia gore-tex vibram cordura shimano intel nvidia cisco adobe dropbox xero amex"""
)
STATES = word_set(
    """alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho illinois
    indiana iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi missouri montana
    nebraska nevada hampshire jersey mexico york carolina dakota ohio oklahoma oregon pennsylvania rhode tennessee texas
    utah vermont virginia washington wisconsin wyoming"""
)
# Places that are common words too: names only in a capital and after a word of place.
AFTER_PLACE_WORD = word_set(
    """reading mobile bath nice lincoln jersey turkey china chile georgia jordan victoria orange buffalo phoenix
    hull cork derby cape java mesa plano polish columbia jackson madison franklin troy salem bend eugene
    flint erie lima paris washington france india"""
)

# Left may be said where the brief says right.
SAME_PLACE = {
    "welsh": "cardiff", "british": "britain", "french": "france", "dutch": "netherlands",
    "swiss": "switzerland", "spanish": "spain", "greek": "greece", "greece": "greek",
    "danish": "denmark", "peruvian": "peru", "irish": "ireland", "norwegian": "norway",
    "turkish": "turkey", "thai": "thailand", "england": "english", "scottish": "scotland",
    "scotland": "scottish", "wales": "welsh",
}  # fmt: skip

# What a number may count: where the brief counts other things, the number is another number.
COUNTED = word_set(
    """users customers members clients families people reviews businesses companies teams stars countries
    cities stores shops locations offices awards years experts subscribers students owners patients
    buyers homes sites brands states branches downloads acts bottles boxes bars packs glasses cups
    servers employees drivers doctors nurses teachers tutors trainers coaches lawyers engineers hotels
    restaurants clinics schools banks airports destinations courses videos recipes songs channels templates
    integrations servings scoops capsules tablets pills"""
)

MATERIALS = word_set(
    """seagrass willow leather suede oak walnut pine bamboo mahogany teak cherry cedar maple birch ash cotton linen
    wool merino
    cashmere silk denim velvet satin alpaca mohair polyester nylon hemp jute rattan wicker platinum
    titanium steel stainless aluminium aluminum copper brass bronze pewter ceramic porcelain marble
    granite quartz slate latex rubber silicone memory-foam feather goose-down diamond diamonds sapphire
    ruby emerald pearl pearls opal carbon-fiber carbon-fibre acrylic argan collagen retinol hyaluronic
    caffeine melatonin turmeric ashwagandha probiotics saffron truffle
    canvas corduroy fleece flannel tweed chiffon lace lycra spandex nubuck sheepskin shearling cowhide vinyl pvc
    polyurethane polycarbonate plywood mdf chipboard laminate cork beech spruce larch redwood mango-wood driftwood
    timber hardwood softwood oakwood beechwood rosewood ebony acacia eucalyptus cedarwood hickory
    cast-iron iron zinc nickel chrome tin aluminium chromium tungsten carbon kevlar fibreglass fiberglass
    stoneware terracotta earthenware limestone sandstone travertine onyx jade turquoise garnet topaz amethyst
    glass plastic wooden enamel resin concrete gold silver rose-gold beeswax soy paraffin
    almond almonds peanut peanuts hazelnut hazelnuts cashew cashews pecan pecans pistachio pistachios coconut
    oat oats quinoa barley rye spelt chickpea chickpeas lentils soya whey casein pea-protein tofu tempeh
    chicken beef lamb pork turkey salmon tuna cod venison duck bacon shrimp prawns
    tortoiseshell microfiber microfibre selvedge darjeeling assam rooibos citrate glycinate
    stevia sucralose aspartame sisal metal
    honey chocolate cocoa cacao vanilla cinnamon ginger peppermint chamomile lavender rosemary eucalyptus
    jasmine bergamot hibiscus matcha oolong elderberry echinacea ginseng magnesium iron biotin zinc
    niacinamide peptides ceramides squalane glycerin shea jojoba aloe sunflower olive avocado cottonseed
    arabica robusta rice clay asphalt"""
)

# Things whose absence is a term of the offer or a property of the product: "no X", "without X", "X-free".
DENIED = word_set(
    """fee fees contract contracts commitment commitments card deposit deposits minimum minimums interest tax
    taxes charge charges cost costs subscription subscriptions ads adverts sugar filler fillers
    additives additive preservatives chemicals parabens sulfates sulphates gluten dairy nuts wheat soy
    palm alcohol caffeine fragrance perfume dye dyes plastic middlemen middleman lock-in downloads
    download appointment appointments prescription surgery needles signup sign-up penalty penalties
    obligation markup markups commission commissions queue queues tools wires drilling installation bpa
    bleach silicone silicones hormones antibiotics pesticides calories carbs fat salt"""
)

# A material may be called by a wider name than the brief's.
NARROWER = {
    "metal": ("steel", "iron", "brass", "copper", "bronze", "alumin", "titanium", "zinc", "pewter", "tin", "chrome",
    "silver", "gold", "nickel", "alloy"),
    "wool": ("merino", "lambswool", "cashmere", "alpaca", "mohair", "sheep", "fleece", "tweed"),
    "wooden": ("wood", "oak", "pine", "walnut", "maple", "ash", "beech", "cedar", "teak", "bamboo", "birch",
    "mahogany"),
    "timber": ("wood", "oak", "pine", "larch", "cedar", "spruce", "teak"),
    "hardwood": ("oak", "walnut", "maple", "ash", "beech", "teak"),
    "leather": ("suede", "nubuck", "cowhide", "calfskin", "hide"), "cotton": ("denim", "canvas", "corduroy", "flannel"),
    "silver": ("sterling",), "glass": ("crystal", "borosilicate", "jar"), "ceramic": ("stoneware", "porcelain", "clay"),
    "fleece": ("wool", "sheep"), "steel": ("stainless",), "plastic": ("polycarbonate", "pvc", "vinyl"),
    "iron": ("cast-iron", "cast iron"), "chocolate": ("cocoa", "cacao"), "cacao": ("cocoa",), "cocoa":
    ("cacao", "chocolate"),
    "soy": ("tofu",), "oats": ("oat", "granola"), "diamonds": ("diamond",), "almonds": ("almond",),
}  # fmt: skip
FIRST_NAMES = word_set(
    """aaron abby adam aisha alan albert alex alice alicia amanda amara amy ana andre andrea andrew angela
    anita anna anne
    anthony arthur ashley barbara ben benjamin beth brandon brenda brian bruce caitlin carla carlos carmen
    carol caroline
    catherine charles charlotte chloe chris christina clara claire colin connor craig cynthia dan daniel danielle dave
    david deborah denise dennis derek diana diane diego donna dorothy doug dylan edward elena eli elizabeth ella ellen
    emily emma eric erin ethan eva evan fatima felix fiona francis gabriel gary george gina gloria gordon greg hannah
    harry heather helen henry howard ian isaac isabel ivan jack jacob jake james jamie jan jane janet jason jeff jen
    jennifer jenny jeremy jessica jim joan joanna joe joel john jonathan jordan jose joseph joshua juan judith julia
    julian julie karen kate katherine kathleen katie keisha keith kelly ken kevin kim kyle larry laura lauren leah leo
    liam linda lisa louis louise luca lucas lucy luis luke lydia madison maggie malik marcus margaret maria marie
    martin mary matt matthew maya megan melissa mia michael michelle miguel mike molly monica nadia nancy naomi natalie
    nathan neil nicole nina noah nora oliver olivia omar oscar pamela patricia patrick paul paula pedro peter philip
    priya rachel rafael raj ralph raymond rebecca ricardo richard rita robert roberto roger ron rosa ruth ryan sally
    sam samantha samuel sandra sara sarah scott sean sergei sharon sheila simon sofia sonia sophia sophie stacy
    stephanie
    stephen steve steven stuart susan suzanne sylvia tamara tanya tara ted teresa theo thomas tim timothy todd tom tony
    tracy tyler valerie vanessa vera victor vincent virginia wanda wendy walter yasmin yolanda zach zoe"""
) - word_set("jordan virginia madison jan sofia")

# Where the brief says the first and not the second, the second is another fact.
OPPOSITES = (
    (r"hand[- ]wash", r"washing machine|machine[- ]wash\w*|"
                      r"tumble[- ]dr\w+"), (r"lab[- ]grown", r"mined|natural diamonds?"),
    (r"dermatologist[- ]tested", r"dermatologist[- ](?:recommended|"
                                 r"approved)"), (r"adults? [^\n]*only", r"child(?:ren)?|kids?|teens?"),
    (r"(?:not a )?contracepti\w+", r"birth control|contracepti\w+"), (r"exterior", r"outside|outdoors?|"
                                                                                   r"exterior|inside and out"),
    (r"indoors?", r"outdoors?"), (r"outdoors?|open[- ]air", r"indoors?"), (r"by e-?mail", r"by (?:post|mail)"),
    (r"by (?:post|mail)", r"by e-?mail"),
    (r"by hand|hand[- ](?:poured|made|stitched|cut|tied|rolled|finished|woven|sewn)",
     r"by machine|machine[- ](?:made|poured|stitched|cut|sewn)|mass[- ]produced"),
    (r"beginners?",
     r"(?:for )?(?:[a-z]+ of )?(?:all|every|any) (?:levels?|abilit(?:y|ies)|standards?)|advanced|experts only"),
    (r"(?:at|to|in) (?:your|their) (?:own )?homes?|comes? to you|at home in",
     r"(?:at|in|to) our (?:[a-z]+ )?(?:studio|salon|clinic|school|office|premises|cent(?:er|re))|"
     r"online (?:lessons?|class(?:es)?|sessions?|coaching|tuition)|(?:taught|coached|held|lessons|classes) online"),
    (r"(?:at|in) our (?:[a-z]+ )?(?:studio|salon|clinic|school)", r"(?:at|in) your (?:own )?home|we come to you"),
    (r"professional(?:ly)? install\w*", r"install (?:it )?yourself|do it yourself|diy|self-install\w*"),
    (r"winner|won\b", r"runners?-up|finalists?|shortlisted|nominated|commended|second place"),
    (r"(?:outside|independent|third[- ]party) (?:firm|lab\w*|auditors?|company)",
     r"(?:our|their|its) own (?:team|staff|lab\w*|auditors?)|in[- ]house"),
    (r"woven", r"knitted|crocheted"), (r"knitted", r"woven|crocheted"), (r"baked|roasted|grilled", r"(?:deep-)?fried"),
    (r"manual", r"automatic"), (r"automatic", r"manual"), (r"wired|corded", r"wireless|cordless"),
    (r"wireless", r"wired"), (r"electric", r"petrol|diesel|gas-powered"), (r"unlined", r"lined"),
    (r"unheated", r"heated"), (r"unfiltered", r"filtered"), (r"shared", r"private"), (r"private", r"shared"),
    (r"matte?", r"gloss\w*"), (r"gloss\w*", r"matte?"), (r"decaf\w*", r"caffeinated"),
    (r"weekends? only", r"weekdays?"), (r"weekdays? only", r"weekends?"),
    (r"interior", r"exterior"), (r"nominat\w+", r"winn\w+|won|award-winning"),
    (r"cordless|battery[- ]powered", r"plug it in|corded"), (r"unscented|fragrance[- ]free", r"scented|perfumed"),
    (r"online", r"in[- ]store|in[- ]person"), (r"in[- ]person", r"online"), (r"frozen", r"never frozen"),
    (r"downtown", r"east side|west side|north side|south side|"
                  r"uptown"), (r"(?:east|west|north|south) side", r"downtown|uptown"),
    (r"dairy|milk|"
     r"butter", r"vegan|dairy[- ]free"), (r"refurbished|restored|used", r"brand[- ]new"), (r"hybrid", r"all[- ]foam"),
    (r"root "
     r"vegetables", r"carrots?|potatoes|beets?|"
                    r"radish\w*"), (r"machine[- ]made", r"hand\w*made"), (r"unsalted", r"salted"),
)  # fmt: skip
COLOURS = word_set(
    """navy charcoal teal burgundy khaki beige coral turquoise maroon lilac mauve indigo crimson scarlet taupe magenta
    lavender peach olive rust moss slate sage ivory mustard blush black white red blue green yellow pink purple
    brown grey gray"""
)

# A name a text may use where the brief names a place, or a date, inside it.
WITHIN = {
    "yorkshire": ("leeds|york|sheffield|bradford|harrogate|whitby|hull",),
    "christmas": ("december",),
    "thanksgiving": ("november",),
    "halloween": ("october",),
    "easter": ("march|april",),
    "valentine": ("february",),
    "new": ("december 31|january 1",),
    "labor": ("september",),
    "memorial": ("may",),
    "england": ("london|leeds|manchester|bristol|sheffield|york|cornwall|devon|kent|sussex|norfolk|suffolk|cumbria",),
    "english": ("england|london|leeds|manchester|bristol|sheffield|york|cornwall|devon|kent|sussex|norfolk|suffolk",),
    "scotland": ("edinburgh|glasgow|dundee|aberdeen|inverness|highlands?|hebrides",),
    "scottish": ("edinburgh|glasgow|dundee|aberdeen|inverness|highlands?|hebrides|scotland",),
    "wales": ("cardiff|swansea|snowdonia",),
    "welsh": ("cardiff|swansea|snowdonia|wales",),
    "italy": ("tuscany|rome|milan|florence|umbria|sicily|naples|italian",),
    "italian": ("italy|tuscany|florence|sicily",),
    "spain": ("madrid|barcelona|seville|valencia|ja\u00e9n|spanish",),
    "france": ("paris|lyon|provence|french",),
    "japan": ("tokyo|kyoto|osaka|japanese",),
    "japanese": ("japan|kyoto|tokyo|osaka",),
    "german": ("germany|berlin|munich",),
    "germany": ("berlin|munich|hamburg|german",),
    "portugal": ("lisbon|porto|portuguese",),
    "morocco": ("fez|marrakech",),
    "moroccan": ("fez|marrakech|morocco",),
    "oregon": ("portland(?!, maine)|salem|eugene|bend|astoria",),
    "idaho": ("boise|nampa",),
    "washington": ("seattle|tacoma|spokane|whidbey",),
    "california": ("los angeles|san diego|san francisco|oakland|fresno",),
    "texas": ("austin|houston|dallas|san antonio",),
    "texan": ("texas|austin|houston",),
    "texans": ("texas|austin|houston",),
    "colorado": ("denver|boulder|fort collins",),
    "illinois": ("chicago|naperville",),
    "ohio": ("columbus|cleveland|dayton",),
    "georgia": ("atlanta|savannah|macon",),
    "florida": ("miami|orlando|tampa|key west",),
    "maine": ("portland, maine|bangor",),
    "tennessee": ("nashville|memphis|knoxville",),
    "pennsylvania": ("pittsburgh|philadelphia",),
    "arizona": ("phoenix|tucson",),
    "massachusetts": ("boston|cambridge|worcester",),
    "michigan": ("detroit|lansing|mackinaw|ann arbor",),
    "missouri": ("st\\.? louis",),
    "minnesota": ("minneapolis|st\\.? paul|duluth",),
    "wisconsin": ("milwaukee|madison",),
    "louisiana": ("new orleans",),
    "nevada": ("las vegas|reno",),
    "utah": ("salt lake|provo",),
    "vermont": ("burlington|bethel",),
    "virginia": ("richmond|norfolk",),
    "maryland": ("baltimore|annapolis",),
    "montana": ("bozeman|missoula|billings",),
    "alaska": ("anchorage|juneau",),
    "ireland": ("dublin|cork|galway",),
    "irish": ("dublin|cork|galway|ireland",),
    "european": ("europe|lisbon|paris|berlin",),
    "carolina": ("asheville|raleigh|durham|charlotte|charleston",),
    "britain": ("british|uk|england|london",),
    "ethiopian": ("ethiopia|sidama|yirgacheffe",),
    "colombian": ("colombia|huila",),
    "mexican": ("mexico|oaxaca",),
}
