"""Names that training swaps, so that the network does not judge by who is named: companies, first names, pronouns.

Swapping is augmentation only; what it buys is measured by the fairness part of `nlp.evaluate --behaviour`, whose names
and sentences are others.
"""

import random
import re

from nlp.text import TARGET_SIGN, clean, mark_target

FIRST_NAMES = (
    "Aaliyah", "Abdul", "Adaeze", "Adrian", "Agnieszka", "Aiko", "Alejandro", "Amina", "Andrzej", "Anjali", "Arjun",
    "Astrid", "Ayşe", "Beatriz", "Bogdan", "Brandon", "Camille", "Carlos", "Chidi", "Chloe", "Claire", "Connor",
    "Dariusz", "Deepa", "Demba", "Dmitri", "Ebony", "Elif", "Emeka", "Emily", "Fatou", "Fernanda", "Gareth",
    "Giulia", "Gustavo", "Hannah", "Hassan", "Heike", "Hiroshi", "Ibrahim", "Imani", "Ingrid", "Isabela", "Jamal",
    "Jasmine", "Javier", "Jennifer", "Jin", "Jorge", "José", "Jürgen", "Kaito", "Kateryna", "Kemal", "Kevin",
    "Khadija", "Kwame", "Lakshmi", "Lars", "Latoya", "Leila", "Liam", "Lorenzo", "Lucía", "Magda", "Malik", "Mandy",
    "Marco", "Mehmet", "Mei", "Miguel", "Mohammed", "Nadia", "Ngozi", "Nguyen", "Nikolai", "Olga", "Omar", "Oscar",
    "Paolo", "Patrice", "Pierre", "Priya", "Rachel", "Raj", "Ravi", "Rosa", "Sakura", "Samuel", "Sanjay", "Shanice",
    "Siobhan", "Sofia", "Sven", "Tamika", "Tariq", "Thomas", "Tyrone", "Uwe", "Vladimir", "Wei", "Xiu", "Yasmin",
    "Yusuf", "Zainab", "Zofia", "Maria", "Anna", "John", "Sarah", "Mike", "Dave", "Karen", "Steve", "Lisa", "Tom",
    "Peter", "Laura", "James", "Linda", "Mark", "Julia", "Chris", "Emma", "David", "Paul", "Jane",
)  # fmt: skip

_FIRST_NAME = re.compile(rf"\b(?:{'|'.join(FIRST_NAMES)})\b")
_PRONOUN = re.compile(r"\b(?:he|she|him|his|her|hers|himself|herself)\b", re.IGNORECASE)
# "her" is both "his" and "him"; the commoner one stands for both.
_OTHER = {
    "he": "she", "she": "he", "him": "her", "his": "her", "her": "his", "hers": "his",
    "himself": "herself", "herself": "himself",
}  # fmt: skip

COMPANY_SHARE = 0.4  # of the texts whose target is known and not marked
PERSON_SHARE = 0.5  # of the texts that name or mean a person


def with_another_company(text: str, target: str, names: tuple[str, ...], rng: random.Random) -> str:
    """The text with its target called by another of `names` throughout; unchanged where it is not named."""
    marked = mark_target(clean(text), (target,))
    return marked.replace(f" {TARGET_SIGN} ", f" {rng.choice(names)} ") if TARGET_SIGN in marked else text


def with_other_people(text: str, rng: random.Random) -> str:
    """The text with first names and pronouns of other people, the same for the same."""
    stand_ins: dict[str, str] = {}
    text = _FIRST_NAME.sub(lambda match: stand_ins.setdefault(match[0], rng.choice(FIRST_NAMES)), text)
    return _PRONOUN.sub(_other_pronoun, text) if rng.random() < 0.5 else text


def _other_pronoun(match: re.Match[str]) -> str:
    found = _OTHER[match[0].lower()]
    return found.capitalize() if match[0][0].isupper() else found
