"""What the shop sells: departments, the things in them, and the words that describe a thing."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One sort of thing: what it is called, where it stands, what it costs (in cents, from and to)."""

    noun: str
    department: str
    shelf: str
    cents: tuple[int, int]
    materials: tuple[str, ...]
    sizes: tuple[str, ...]
    uses: tuple[str, ...]


MAKERS = (
    "Akhet & Daughters",
    "Bes Workshop",
    "Deir Pottery",
    "Faiyum Mills",
    "Hapi Garden",
    "Karnak Lighting",
    "Lotus House",
    "Maat Paper",
    "Nile Linen Co.",
    "Ptah Tools",
    "Sobek Supplies",
    "Tiye Home",
)

COLOURS = (
    "Sand", "Terracotta", "Lapis Blue", "Turquoise", "Reed Green", "Ochre", "Charcoal", "Ivory",
    "Saffron", "Rose", "Indigo", "Natural",
)  # fmt: skip

COLLECTIONS = (
    "Amarna", "Meret", "Senet", "Horizon", "Papyrus", "Heron", "Sycamore", "Delta", "Oasis", "Festival",
    "Everyday", "Scribe",
)  # fmt: skip

CARE = (
    "Dishwasher safe.", "Wipe with a damp cloth.", "Machine wash at 40 degrees.", "Hand wash only.",
    "Oil once a year.", "Keep dry.",
)  # fmt: skip

COUNTRIES = (
    "Egypt", "United Kingdom", "Germany", "France", "Netherlands", "Italy", "Spain", "Poland",
    "Sweden", "Portugal", "Austria", "Ireland",
)  # fmt: skip

_CLAY = ("stoneware", "earthenware", "porcelain", "glazed clay")
_WOOD = ("oak", "acacia", "sycamore", "walnut", "bamboo")
_METAL = ("brass", "copper", "steel", "cast iron")
_CLOTH = ("linen", "cotton", "wool", "hemp", "organic cotton")
_PAPER = ("recycled paper", "papyrus", "cotton paper", "card")
_GLASS = ("blown glass", "recycled glass", "pressed glass")
_REED = ("reed", "rattan", "palm leaf", "jute")

_VOLUMES = ("0.25 l", "0.5 l", "1 l", "2 l")
_WIDTHS = ("20 cm", "30 cm", "40 cm", "60 cm")
_SMALL = ("8 cm", "12 cm", "16 cm", "24 cm")
_SETS = ("single", "set of 2", "set of 4", "set of 6")
_CLOTHS = ("50 x 70 cm", "100 x 150 cm", "140 x 200 cm", "180 x 260 cm")
_SHEETS = ("A6", "A5", "A4", "A3")

KINDS = (
    Kind("Mug", "Kitchen", "Tableware", (490, 1690), _CLAY, _SETS, ("coffee at dawn", "tea for two")),
    Kind("Serving Bowl", "Kitchen", "Tableware", (990, 4990), (*_CLAY, *_WOOD), _SMALL, ("salads", "bread")),
    Kind("Dinner Plate", "Kitchen", "Tableware", (690, 2490), _CLAY, _SETS, ("a full table", "every day")),
    Kind("Carafe", "Kitchen", "Tableware", (1290, 3990), _GLASS, _VOLUMES, ("water", "cold hibiscus tea")),
    Kind("Cutting Board", "Kitchen", "Cooking", (1490, 6990), _WOOD, _WIDTHS, ("herbs", "a loaf of bread")),
    Kind("Saucepan", "Kitchen", "Cooking", (2490, 11990), _METAL, _VOLUMES, ("lentils", "slow sauces")),
    Kind("Storage Jar", "Kitchen", "Storage", (590, 2990), (*_GLASS, *_CLAY), _VOLUMES, ("beans", "flour")),
    Kind("Teapot", "Kitchen", "Tableware", (1990, 7990), (*_CLAY, *_METAL), _VOLUMES, ("long evenings",)),
    Kind("Table Lamp", "Lighting", "Lamps", (2990, 18990), (*_METAL, *_CLAY), _WIDTHS, ("reading", "a desk")),
    Kind("Lantern", "Lighting", "Lanterns", (1490, 7990), (*_METAL, *_GLASS), _SMALL, ("terraces", "camping")),
    Kind("Pendant Light", "Lighting", "Lamps", (3990, 24990), (*_REED, *_METAL), _WIDTHS, ("a dining table",)),
    Kind("Candle Holder", "Lighting", "Candles", (490, 2990), (*_METAL, *_CLAY), _SETS, ("a window sill",)),
    Kind("Tablecloth", "Textiles", "Table", (2490, 9990), _CLOTH, _CLOTHS, ("feasts", "picnics")),
    Kind("Bath Towel", "Textiles", "Bath", (990, 4990), _CLOTH, _CLOTHS, ("the hammam", "the beach")),
    Kind("Cushion Cover", "Textiles", "Living", (990, 3990), _CLOTH, _WIDTHS, ("the sofa", "a bench")),
    Kind("Throw Blanket", "Textiles", "Living", (2990, 13990), _CLOTH, _CLOTHS, ("cool nights",)),
    Kind("Rug", "Textiles", "Living", (4990, 49990), (*_CLOTH, *_REED), _CLOTHS, ("bare floors",)),
    Kind("Basket", "Home", "Storage", (990, 5990), _REED, _WIDTHS, ("laundry", "toys", "firewood")),
    Kind("Wall Shelf", "Home", "Furniture", (2990, 14990), _WOOD, _WIDTHS, ("books", "plants")),
    Kind("Stool", "Home", "Furniture", (3990, 17990), _WOOD, _WIDTHS, ("the workshop", "an extra guest")),
    Kind("Mirror", "Home", "Decoration", (2490, 15990), (*_WOOD, *_METAL), _WIDTHS, ("a narrow hall",)),
    Kind("Vase", "Home", "Decoration", (990, 7990), (*_CLAY, *_GLASS), _SMALL, ("lotus flowers", "dry reeds")),
    Kind("Planter", "Garden", "Plants", (890, 8990), (*_CLAY, *_REED), _WIDTHS, ("a fig tree", "herbs")),
    Kind("Watering Can", "Garden", "Tools", (1490, 4990), _METAL, _VOLUMES, ("seedlings", "balconies")),
    Kind("Hand Trowel", "Garden", "Tools", (790, 2990), (*_METAL, *_WOOD), _SETS, ("raised beds",)),
    Kind("Bird Bath", "Garden", "Decoration", (3990, 16990), (*_CLAY, *_METAL), _WIDTHS, ("hoopoes",)),
    Kind("Notebook", "Study", "Paper", (390, 2490), _PAPER, _SHEETS, ("field notes", "household accounts")),
    Kind("Pen Case", "Study", "Desk", (690, 3490), (*_WOOD, *_CLOTH), _SETS, ("reed pens", "pencils")),
    Kind("Letter Tray", "Study", "Desk", (1290, 4990), (*_WOOD, *_METAL), _SHEETS, ("letters from abroad",)),
    Kind("Board Game", "Study", "Games", (1990, 8990), (*_WOOD, *_CLAY), _WIDTHS, ("two players",)),
)  # fmt: skip
