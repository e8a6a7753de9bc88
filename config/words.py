"""Words that are too ordinary to find a company by. Not complete: enough to warn in the usual cases."""

_COMMON = """
a about after again all also am an and any are as ask at away back bad be because been before best better big both
but buy by call came can car cheap check city close cloud come company could customer data day days did do does
done down each early easy email employee end even ever every family feel few find first follow food for found free
friend from game get give go going good got great group had happy hard has have he help her here hi him his home
hope hour house how i if important in info into is it its job jobs just keep know last later least left less let
life like little live long look lot love made mail make man many market may me mean media mobile money more most
much music must my name need never new news next nice no not now of off office ok old on one online only open or
order other our out over own pay people phone place play please post price product question read real really right
said sale same say see sell send service she shop should show since small so social some someone soon start state
still stop store story such support sure take talk team tell than thank thanks that the their them then there
these they thing think this those time to today together too try two under until up us use user very video wait
want was watch way we web week well went were what when where which while who why will win wish with without woman
work worker world would year yes yesterday yet you young your
"""

_AMBIGUOUS = """
adobe alphabet amazon amber anthem apple arc arm aurora axis bell block blue bolt box brave bumble canon caterpillar
champion chase chime circle citizen coach columbia compass core corona crown delta discord discover dove drift
eagle echo edge element emirates everest express fidelity flex focus ford fossil fox frontier fuse galaxy gap
general gem giant glow gold grab guess hinge impact indeed insight intuit iron jaguar jet jive juniper kayak
kindle lemonade lime lincoln link loom lotus lush match matter meta metro mint mission monday monster nest next
nimble noble notion nova oak oasis octopus omega onyx opal oracle orange orbit origin otter outlook pandora panther
patagonia peak people pilot pinnacle pioneer pixel planet polar post premier prime prism progressive pulse puma
quest rally rapid raven remote ring ripple rover sage scale sharp shell signal silk slack slate snap sonic spark
sprint sprite square stage staples star steam stripe subway summit sun supreme surface swatch swift switch target
thread threads tide tiger tile time titan toast total trek triumph twitch ultra union unity universal
urban vans vault vector venture vertex virgin vision visa vista wave wired wish wonder word work workday x yelp
zenith zoom
"""

COMMON = frozenset(_COMMON.split())
AMBIGUOUS = frozenset(_AMBIGUOUS.split())
