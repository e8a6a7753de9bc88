"""Which public set teaches what: how many rows per epoch, how sure its labels are, what its construction says."""

from collections.abc import Mapping
from dataclasses import dataclass

from nlp.result import AUDIENCES, FACETS

Target = tuple[float, ...]

# Companies never trained on, so that the figures on them mean something (the airline set serves the same end, whole).
HELD_OUT_COMPANIES = frozenset({"Wells Fargo", "Fetch"})

# General talk declares no standpoint. Not quite flat: a general tweet is likelier a customer's or a bystander's, and
# a customer's complaint looks so much like one that a tie must fall to the customer.
FLAT_AUDIENCE = (0.5, 0.08, 0.04, 0.05, 0.33)
FLAT_FACET = (0.2, 0.05, 0.03, 0.72)

# How far an employer review's tick box (current or former) is trusted when no word of the text tells.
TICK_BOX_SURE = 0.62


@dataclass(frozen=True, slots=True)
class Recipe:
    """One set. `audience` and `facet` name what holds for all of its rows; "field" reads the row, "flat" is unknown.

    `whole` texts are never cut to random sentences. `target` is the field that names what the sentiment is about.
    `non_commercial` sets take part only where the trainer asks for them.
    """

    file: str
    per_epoch: int
    audience: str | None = None
    audience_sure: float = 0.97
    facet: str | None = None
    facet_sure: float = 0.95
    sentiment_sure: float = 0.97
    weight: float = 1.0
    tokenised: bool = False
    whole: bool = False
    languages: tuple[str, ...] = ("en", "und")
    target: str | None = None
    non_commercial: bool = False

    def audience_target(self, raw: Mapping[str, object]) -> Target | None:
        """The audience distribution of one raw row, None when the set says nothing."""
        if self.audience is None:
            return None
        if self.audience == "flat":
            return FLAT_AUDIENCE
        if self.audience == "brand_talk":
            opinion = raw.get("sentiment") in ("positive", "negative")
            return (0.74, 0.04, 0.03, 0.03, 0.16) if opinion else (0.5, 0.05, 0.03, 0.03, 0.39)
        label = raw.get("audience") if self.audience == "field" else self.audience
        if label in ("employee", "alumnus") and raw.get("audience_from") == "platform_flag":
            return _staff_target(str(label), raw.get("cue") == label)
        return _spread(label, AUDIENCES, self.audience_sure)

    def facet_target(self, raw: Mapping[str, object]) -> Target | None:
        """The facet distribution of one raw row, None when the set says nothing."""
        if self.facet is None:
            return None
        if self.facet == "flat":
            return FLAT_FACET
        if self.facet == "by_relevance":
            return _spread("neither" if raw.get("relevance") == "irrelevant" else "brand", FACETS, self.facet_sure)
        return _spread(self.facet, FACETS, self.facet_sure)


def _staff_target(label: str, told: bool) -> Target:
    own = 0.96 if told else TICK_BOX_SURE
    other = 0.985 - own
    employee, alumnus = (own, other) if label == "employee" else (other, own)
    return (0.005, employee, alumnus, 0.005, 0.005)


def _spread(label: object, labels: tuple[str, ...], sure: float) -> Target | None:
    if label not in labels:
        return None
    rest = (1.0 - sure) / (len(labels) - 1)
    return tuple(sure if name == label else rest for name in labels)


RECIPES = (
    Recipe("semeval2013_2016", 22_000, audience="flat", facet="flat", whole=True),
    Recipe(
        "target_tweets2014",
        4_000,
        audience="flat",
        sentiment_sure=0.9,
        tokenised=True,
        weight=0.8,
        whole=True,
        target="target",
    ),
    Recipe(
        "brands_sxsw2011",
        3_500,
        audience="brand_talk",
        facet="brand",
        facet_sure=0.9,
        sentiment_sure=0.9,
        whole=True,
        target="target",
    ),
    Recipe(
        "sanders_brands", 2_200, audience="brand_talk", facet="by_relevance", facet_sure=0.9, whole=True, target="brand"
    ),
    Recipe("absa2014", 3_500, audience="consumer", facet="brand", tokenised=True, whole=True, target="aspects"),
    Recipe("trustpilot_pet_insurance", 4_000, audience="consumer", facet="brand", sentiment_sure=0.93),
    Recipe("tripadvisor_restaurants", 825, audience="consumer", facet="brand", sentiment_sure=0.93),
    Recipe("reddit_tales", 1_700, audience="field", audience_sure=0.85, weight=0.8),
    Recipe("indeed_bank_pnc", 2_600, audience="field", facet="employer", sentiment_sure=0.9),
    Recipe("glassdoor_investment_firm", 2_400, audience="field", facet="employer", sentiment_sure=0.9),
    Recipe("glassdoor_banks", 3_400, audience="field", facet="employer", sentiment_sure=0.9),
    Recipe("indeed_city_governments", 1_500, audience="field", facet="employer", sentiment_sure=0.9),
    Recipe(
        "reddit_amazonfc", 2_000, audience="employee", audience_sure=0.82, facet="employer", facet_sure=0.85, weight=0.7
    ),
    Recipe("reddit_rjobs", 800, audience="field", audience_sure=0.85, facet="employer", facet_sure=0.85),
    Recipe("interview_reviews", 2_500, audience="candidate", facet="employer", sentiment_sure=0.9),
    Recipe("job_ads", 800, audience="other", facet="employer", languages=("en", "und", "de")),
    Recipe(
        "hackernews_company_titles",
        1_500,
        audience="other",
        audience_sure=0.92,
        facet="brand",
        facet_sure=0.7,
        whole=True,
    ),
    Recipe("linkedin_ibm_company_page", 900, audience="other"),
    Recipe("layoff_tweets2023", 370, audience="flat", facet="employer", facet_sure=0.75, whole=True),
    Recipe("umsab", 7_500, audience="flat", facet="flat", whole=True, languages=("de", "es", "fr", "it", "pt")),
    Recipe("kununu_de", 500, audience="field", facet="employer", sentiment_sure=0.9, languages=("de", "en")),
    Recipe("glassdoor_pt", 1_500, audience="field", facet="employer", sentiment_sure=0.93, languages=("pt",)),
    Recipe(
        "airline_tweets", 6_000, audience="consumer", facet="brand", whole=True, target="brand", non_commercial=True
    ),
    Recipe("spotify_support_tweets", 3_000, audience="consumer", facet="brand", whole=True, non_commercial=True),
)

# Auxiliary tasks teach the encoder what an emoji, anger or irony looks like; rows per epoch.
AUXILIARY = {"emoji": 9_000, "emotion": 1_600, "irony": 2_800, "offensive": 3_000}
