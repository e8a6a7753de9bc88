"""Which column of an imported file holds what: recognised by its heading, in the usual languages of exports."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

KINDS = ("posts", "reviews", "survey")
COUNTERS = ("likes", "reposts", "replies", "quotes", "bookmarks", "comments", "points", "views", "impressions")

# Headings in letters and digits only, lower case, without accents; the earlier word wins where a file has several.
_ANY = {
    "id": "id nativeid postid messageid tweetid commentid mentionid reviewid responseid recordid guid uuid permalinkid",
    "text": "text fulltext body content message comment commentbody commenttext post posttext posttext tweet mention "
    "description snippet verbatim inhalt kommentar nachricht texte contenu commentaire texto contenido comentario "
    "mensagem conteudo testo",
    "title": "title headline subject summary titel betreff titre titulo titolo",
    "published_at": "datereview reviewdate responsedate submittedat publishedat published publishdate publicationdate "
    "createdat created createddate createdtime createdutc date datetime timestamp time posted postedat "
    "postdate pubdate datum erstelltam zeitpunkt fecha data",
    "url": "url link permalink posturl href address webaddress lien enlace",
    "author": "author authorname username user screenname handle account from by name autor auteur nutzer benutzer",
    "author_id": "authorid userid accountid autorid",
    "lang": "lang language langcode sprache langue idioma",
    "followers": "followers followerscount authorfollowers followercount subscribers",
    "reply_to": "replyto inreplyto inreplytostatusid inreplytoid parentid",
}
_COUNTS = {
    "likes": "likes likecount likescount favorites favourites favoritecount favouritescount hearts",
    "reposts": "reposts retweets retweetcount repostcount shares sharecount reblogs boosts",
    "replies": "replies replycount repliescount answers",
    "quotes": "quotes quotecount",
    "bookmarks": "bookmarks bookmarkcount",
    "comments": "comments commentcount commentscount numcomments",
    "points": "points score upvotes karma",
    "views": "views viewcount",
    "impressions": "impressions impressioncount reach",
}
_REVIEW = {
    "text": "text review reviewtext reviewbody fullreview body content comment comments feedback opinion description "
    "bewertungstext bewertung inhalt kommentar avis texte commentaire comentario opinion texto resena avaliacao",
    "title": "title headline reviewtitle summary subject titel uberschrift titre titulo",
    "pros": "pros pro positives positive likes whatyoulike bestthings gutamarbeitgeber vorteile avantages ventajas "
    "vantagens prosdescription reviewpros",
    "cons": "cons con negatives negative contras dislikes whatyoudislike worstthings schlechtamarbeitgeber nachteile "
    "inconvenients desventajas desvantagens consdescription reviewcons",
    "advice": "advice advicetomanagement advicetomgmt suggestions verbesserungsvorschlage adviceformanagement",
    "rating": "rating overallrating stars starrating score ratingoverall overall reviewrating gesamtbewertung sterne "
    "note puntuacion calificacion nota valoracion",
    "author_status": "authorstatus employmentstatus employeestatus reviewerstatus status jobstatus currentformer "
    "employeetype currentorformer relationship beschaftigungsstatus iscurrentjob iscurrentemployee currentemployee "
    "formerorcurrent current",
}
_SURVEY = {
    "text": "text answer answers response responsetext comment comments verbatim feedback freetext openanswer reply "
    "antwort kommentar reponse commentaire respuesta comentario",
    "title": "title question questiontext item frage pregunta",
    "survey_type": "surveytype survey surveyname type category typ umfrage",
    "rating": "rating score stars value csat satisfaction nps enps npsscore enpsscore likelihoodtorecommend note "
    "punkte",
    "scale": "scale ratingscale skala echelle",
    "team": "team department dept division unit businessunit abteilung bereich equipe departamento",
    "location": "location site office city country standort ort land",
    "author_status": _REVIEW["author_status"],
    # Only counted and never stored; see `collectors.survey_answers`.
    "respondent": "respondentid respondent participantid participant personid employeeid employeenumber employee "
    "staffid mitarbeiternummer personalnummer mitarbeiter customerid customer userid user username authorid author "
    "email emailaddress mail fullname name from by",
}
# Headings that name people, of which no survey file may bring anything along.
PERSONS = frozenset(
    f"{_SURVEY['respondent']} {_ANY['author']} {_ANY['author_id']} firstname lastname surname vorname nachname phone "
    "phonenumber telefon manager supervisor vorgesetzter ipaddress ip birthdate dateofbirth geburtsdatum gender "
    "geschlecht age alter personalnr".split()
)
_NO_SURVEY = {"followers", "url", "author", "author_id", "reply_to"}
_SYNONYMS = {
    "posts": {**_ANY, **_COUNTS, "rating": "rating stars"},
    "reviews": {**_ANY, **_REVIEW},
    "survey": {name: words for name, words in _ANY.items() if name not in _NO_SURVEY} | _SURVEY,
}
TEXT_FIELDS = ("text", "pros", "cons", "advice", "title")


class MappingError(ValueError):
    """The columns of a file do not fit, as one sentence that names the field or column."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Places of fields in a row, and fields that have one value for the whole file."""

    places: Mapping[str, int]
    constants: Mapping[str, str]
    unused: tuple[str, ...]


def fields_of(kind: str) -> tuple[str, ...]:
    """The fields that a file of this kind may fill."""
    if kind not in KINDS:
        raise MappingError(f"kind: must be one of {', '.join(KINDS)}, not {kind!r}")
    return tuple(_SYNONYMS[kind])


def recognised(headings: Sequence[str], kind: str) -> dict[str, int]:
    """Fields and the places of their columns. Each column serves one field at most; exact field names come first."""
    fields = fields_of(kind)
    plain = [_plain(heading) for heading in headings]
    places: dict[str, int] = {}
    for field in fields:
        for word in (field.replace("_", ""), *_SYNONYMS[kind][field].split()):
            place = next((n for n, name in enumerate(plain) if name == word and n not in places.values()), None)
            if place is not None:
                places[field] = place
                break
    return places


def columns_of(headings: Sequence[str], kind: str, given: Mapping[str, str]) -> Columns:
    """The recognised columns with `given` laid over them: field to heading, or to `=value` for a constant.

    An empty string leaves a field out. Raise `MappingError` for an unknown field or heading, or without any text.
    """
    fields = fields_of(kind)
    places, constants = recognised(headings, kind), {}
    for field, wanted in given.items():
        if kind == "survey" and field in ("author", "author_id"):
            if wanted:
                raise MappingError(f"{field}: survey answers are stored without the people who gave them")
            continue
        if field not in fields:
            raise MappingError(f"{field}: no field of {kind}; known are {', '.join(fields)}")
        places.pop(field, None)
        if wanted.startswith("="):
            constants[field] = wanted[1:]
        elif wanted:
            place = _place_of(wanted, headings, field)
            places = {name: other for name, other in places.items() if other != place or name in given} | {field: place}
    if not any(field in places for field in TEXT_FIELDS):
        shown = ", ".join(heading for heading in headings if heading)[:300] or "none"
        raise MappingError(f"text: no column with text was recognised among: {shown}")
    used = set(places.values())
    unused = tuple(heading for place, heading in enumerate(headings) if place not in used and heading)
    return Columns(places, constants, unused)


def _place_of(wanted: str, headings: Sequence[str], field: str) -> int:
    exact = [place for place, heading in enumerate(headings) if heading.strip() == wanted.strip()]
    alike = exact or [place for place, heading in enumerate(headings) if _plain(heading) == _plain(wanted)]
    if not alike:
        raise MappingError(f"{field}: the file has no column {wanted!r}")
    return alike[0]


def personal(headings: Sequence[str]) -> tuple[str, ...]:
    """Headings of columns that tell of people."""
    return tuple(heading for heading in headings if _plain(heading) in PERSONS)


def _plain(heading: str) -> str:
    decomposed = unicodedata.normalize("NFKD", heading).casefold()
    return "".join(letter for letter in decomposed if letter.isalnum())
