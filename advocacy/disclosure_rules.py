"""What is asked of a post about one's own employer, by country, and openings to say it with. No legal advice.

Sources: US: 16 CFR 255.5 with the FTC's questions and answers on the Endorsement Guides, 16 CFR 465.5. UK: Digital
Markets, Competition and Consumers Act 2024, part 4 chapter 1; CAP Code 2.1–2.4 (a director's story about her own brand
needed "#ad": ASA ruling of 2022). DE: § 5a Abs. 4 UWG. FR: articles L121-1 to L121-4 Code de la consommation; loi
2023-451 of 9 June 2023, article 5. EU: directive 2005/29/EC, article 7(2) and annex I nos. 11 and 22.
"""

from dataclasses import dataclass

EMPLOYEE, ALUMNUS = "employee", "alumnus"
LANGUAGES = ("en", "de", "fr", "es", "it", "nl")


@dataclass(frozen=True, slots=True)
class CountryRule:
    """What a country asks. `label`: the word that the post begins with where something is given for it; empty: none."""

    name: str
    rule: str
    label: str
    source: str


COUNTRIES: dict[str, CountryRule] = {
    "us": CountryRule(
        "United States",
        "Say in the post that you work there, clearly and near what you praise. A line in your profile, #ee or #spon "
        "is not enough. Your employer must see to it where it asked for the post.",
        "Ad: ",
        "16 CFR 255.5 and 465.5; FTC, Endorsement Guides: What People Are Asking",
    ),
    "uk": CountryRule(
        "United Kingdom",
        "It must be obvious at once that you speak for your employer. Say that you work there; begin with “Ad” where "
        "you get something for the post, or where your employer settled what it says.",
        "Ad: ",
        "DMCC Act 2024, part 4; CAP Code 2.1–2.4; ASA on a director's own brand, 2022",
    ),
    "de": CountryRule(
        "Germany",
        "The commercial purpose must be recognisable unless it is plain from the circumstances. Say that you work "
        "there; begin with “Werbung” or “Anzeige” where you get something for the post.",
        "Anzeige: ",
        "§ 5a Abs. 4 UWG",
    ),
    "fr": CountryRule(
        "France",
        "The commercial intention must be plain. Say that you work there; write “Publicité” or “Collaboration "
        "commerciale” where you get something for the post.",
        "Publicité : ",
        "Code de la consommation L121-1 to L121-4; loi 2023-451, article 5",
    ),
    "eu": CountryRule(
        "elsewhere in the EU",
        "Nobody may speak as a customer who has a stake in the company, and commercial intent must be plain. Say that "
        "you work there.",
        "",
        "Directive 2005/29/EC, article 7(2), annex I nos. 11 and 22",
    ),
}
_BY_LANGUAGE = {"de": "de", "fr": "fr", "en": "us"}
_OPENINGS = {
    "en": (
        "I work at {name}: ",
        "My employer, {name}, ",
        "As an employee of {name}, I ",
        "#{glued}Employee ",
    ),
    "de": (
        "Ich arbeite bei {name}: ",
        "Mein Arbeitgeber {name} ",
        "Als Angestellte oder Angestellter bei {name} ",
        "#{glued}Mitarbeiter ",
    ),
    "fr": ("Je travaille chez {name} : ", "Mon employeur, {name}, "),
    "es": ("Trabajo en {name}: ", "Mi empresa, {name}, "),
    "it": ("Lavoro per {name}: ", "La mia azienda, {name}, "),
    "nl": ("Ik werk bij {name}: ", "Mijn werkgever, {name}, "),
}
_FORMER_OPENINGS = {
    "en": ("I used to work at {name}: ", "My former employer, {name}, ", "Ex-{name}: "),
    "de": ("Ich habe bei {name} gearbeitet: ", "Mein früherer Arbeitgeber {name} "),
    "fr": ("J’ai travaillé chez {name} : ", "Mon ancien employeur, {name}, "),
    "es": ("Trabajé en {name}: ", "I used to work at {name}: "),
    "it": ("Ho lavorato per {name}: ", "I used to work at {name}: "),
    "nl": ("Ik werkte bij {name}: ", "I used to work at {name}: "),
}


def country_for(language: str) -> str:
    """The country whose rule is shown first: the strictest that a language is much read in."""
    return _BY_LANGUAGE.get(_plain(language), "eu")


def openings(name: str, language: str, standing: str = EMPLOYEE) -> tuple[str, ...]:
    """Ways to begin, the clearest first, a short one last; unknown languages get English."""
    table = _FORMER_OPENINGS if standing == ALUMNUS else _OPENINGS
    glued = "".join(letter for letter in name if letter.isalnum())
    return tuple(line.format(name=name, glued=glued) for line in table.get(_plain(language), table["en"]) if glued)


def _plain(language: str) -> str:
    return language.lower().partition("-")[0]
