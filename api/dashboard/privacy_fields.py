"""What the fields that tell of people hold, in words for those who do not read tables: part of the privacy pack.

A field that is gone from the models fails a test.
"""

from collections.abc import Mapping

ABOUT_PEOPLE: Mapping[str, str] = {
    "posts.author_key": (
        "Who wrote it: a keyed hash of platform and account, which nobody turns back without the key and a guess at "
        "the account. Empty for answers to surveys."
    ),
    "posts.title, posts.text": (
        "What was written, without handles, mail addresses, phone numbers and profiles. It may tell of third persons: "
        "their names are hidden on the employer side when it is read."
    ),
    "posts.url": "Where it stands. Not shown on the employer side, where it would lead to the person.",
    "posts.raw": (
        "What the platform sent, for reading it anew after a fault: the same text and figures, without all that names "
        "or describes its author."
    ),
    "posts.stated": (
        "What the source itself says of the post, such as the job or place of a reviewer, or the kind of a survey. "
        "Places and teams show as groups of five or more only."
    ),
    "posts.followers": "How many follow the author, as a number.",
    "posts.sealed_ref": (
        "The post's address where it names its author, sealed; opened only to ask the platform whether it still "
        "stands there."
    ),
    "mentions.audience": (
        "The standpoint that the text declares (consumer, employee, alumnus, candidate), guessed of the text alone; "
        "it belongs to the text, never to a person."
    ),
    "mentions.protected": (
        "Whether it tells of protected activity or health at work: then it is counted and shown to nobody."
    ),
    "mention_vectors.vector": "The text as 384 numbers, for likeness of texts; five weeks at most.",
    "held_items.text": "A review or mail that could not be read surely and waits for a person.",
    "users.email, users.name": "Whose account it is, as they or an administrator wrote it.",
    "users.team, users.location": "Of people of the company, as administrators set them, for groups of campaigns.",
    "users.last_sign_in_at, sessions.device": (
        "When and with which browser (“Firefox on Linux”) somebody signed in. No network address is stored."
    ),
    "advocates.standing": "Employee or alumnus, as the advocate said when they joined.",
    "advocate_accounts.handle": "An advocate's own account that they connected; its token is sealed.",
    "shares.url, share_readings.value": (
        "An advocate's own posts and their counters. Nobody else reads them, administrators neither, but for figures "
        "that the advocate shows to colleagues."
    ),
    "clicks.visitor, career_visits.visitor": (
        "A key of who followed a link, made anew each day; after the day nobody can work it out."
    ),
    "campaign_feedback_givers.user_id": "That somebody gave feedback to a campaign, apart from what they said.",
    "audit_log.user_id, audit_log.subject": "Who of the company looked at, searched, took or changed what.",
    "outbox.recipient": "To whom a mail went; with what it said until its time has come.",
    "profile_versions.toml": "The company profile as it was: with the addresses of those who get alerts.",
    "refused_authors.author_key": "Who asked that nothing of theirs is taken any more, as a keyed hash.",
}
