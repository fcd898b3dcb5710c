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
    cambridge norwich cornwall devon dorset kent sussex essex yorkshire cumbria lancashire scotland
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
    ramadan valentine"""
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
    """leather suede oak walnut pine bamboo mahogany teak cedar maple birch ash cotton linen wool merino
    cashmere silk denim velvet satin alpaca mohair polyester nylon hemp jute rattan wicker platinum
    titanium steel stainless aluminium aluminum copper brass bronze pewter ceramic porcelain marble
    granite quartz slate latex rubber silicone memory-foam feather goose-down diamond diamonds sapphire
    ruby emerald pearl pearls opal carbon-fiber carbon-fibre acrylic argan collagen retinol hyaluronic
    caffeine melatonin turmeric ashwagandha probiotics saffron truffle"""
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
