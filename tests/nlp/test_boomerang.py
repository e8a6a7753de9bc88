"""Boomerang interest: the labelled sample behind the figures of docs/employer.md."""

import pytest

from nlp.boomerang import wants_back

NAMES = ("Acme", "Acme Outdoor")
YES = (
    "Great people. I would go back in a heartbeat.",
    "Left two years ago and I'm seriously thinking of returning.",
    "I'd definitely come back if the right role opened.",
    "Would go back to Acme tomorrow.",
    "I am considering going back, my new job pays worse.",
    "Hoping to rejoin the team next year.",
    "Best place I have worked; I'd happily return.",
    "I'd love to come back one day.",
    "Just reapplied after three years elsewhere.",
    "I'm a proud boomerang, second time here and happy.",
    "Could see myself working there again.",
    "I would gladly work for them again.",
    "Miss my team. Tempted to go back.",
    "I might return to the company after my master's.",
    "Ich würde jederzeit zurückkommen.",
    "Nach dem Studium möchte ich gerne zurückkehren.",
    "If they fix the pay I would come back.",
    "Planning on returning to Acme Outdoor when the kids are older.",
    "Open to coming back for a senior role.",
    "Left in good terms and would absolutely return.",
    "Honestly I want to go back.",
    "Would go back to work there, no question.",
    "I'd consider rejoining if remote work stays.",
    "Some days I think I should never have left.",  # missed: no phrase says it
    "My old desk is calling me home.",  # missed
)
NO = (
    "I would never go back.",
    "Wouldn't go back if you paid me double.",
    "I would go back to school before working here.",
    "I'm thinking of returning the laptop they never collected.",
    "Would you go back?",
    "No one would come back after that layoff.",
    "They promised I could come back to my desk and then cut it.",
    "I went back and it was worse than before.",
    "Returning to the office killed the mood.",
    "I doubt I would return.",
    "My manager would come back from lunch at four.",
    "People who return are treated like traitors.",
    "I am not thinking of returning.",
    "I would go back and forth with payroll for weeks.",
    "The offer to come back was an insult.",
    "Ich würde nie zurückkommen.",
    "Considering going back to university.",
    "If I could go back in time I would not sign.",
    "Management might return to the old bonus scheme.",
    "They would always come back with new targets.",
    "I'd love to go back on holiday there, not to work.",
    "They will return your call after a month.",
    "Who would go back to that?",
    "I quit and will not return.",
    "Customers will come back if the quality improves.",
)

# Written after the rule, and never used to change it.
HELD_YES = (
    "Worked there 2017-2020, would join again without thinking twice.",
    "Honestly, I would return tomorrow if they asked.",
    "Two years gone and I keep thinking about coming back.",
    "I'd go back if the commute was shorter.",
    "Sent my CV again last week, hope they take me back.",
    "Left for more money, now hoping to return.",
    "Would work there again.",
    "I could see myself returning as a lead.",
    "My former boss asked me to come back and I want to.",
    "I will definitely apply again next spring.",
    "Good employer, I would come back any time.",
    "We left as a family but I'd like to go back to Acme.",
    "Ich könnte mir vorstellen, wieder dort zu arbeiten.",
    "I regret leaving. Would go back.",
    "Planning to rejoin after parental leave.",
    "Been offered my old job, seriously considering going back.",
    "Loved it, and would gladly return.",
    "I may come back some day.",
    "So happy they rehired me, I start again in May.",
    "I'd rejoin the team in Leeds.",
)
HELD_NO = (
    "I will not be going back.",
    "I'd go back to retail before working for them.",
    "You will come back from holiday to 400 mails.",
    "I would return the uniform but nobody answers.",
    "They keep asking leavers to come back.",
    "I might go back to freelancing.",
    "Thinking about going back to nursing.",
    "I left and never looked back.",
    "Would rather starve than return.",
    "I'd have to be desperate to go back.",
    "The pay will return to normal in June, they said.",
    "Nothing would make me return.",
    "The only way I'd go back is for double pay.",
    "I'd love to return to the days before the merger.",
    "Some colleagues want to go back, I do not.",
    "I would come back late and nobody cared.",
    "Nobody I know is considering going back.",
    "Will I return? No.",
    "Considering returning to Germany.",
    "Open to going back? Absolutely not.",
)


@pytest.mark.parametrize("text", [text for text in YES if "never have left" not in text and "calling me" not in text])
def test_interest_is_found(text: str) -> None:
    assert wants_back(text, NAMES)


def test_nothing_else_of_the_sample_is_taken_for_interest() -> None:
    assert [text for text in NO if wants_back(text, NAMES)] == []


def test_figures_on_texts_the_rule_was_not_made_with() -> None:
    found = sum(wants_back(text, NAMES) for text in HELD_YES)
    wrong = sum(wants_back(text, NAMES) for text in HELD_NO)
    assert (found, len(HELD_YES), wrong, len(HELD_NO)) == (15, 20, 3, 20)


def test_hostile_length_costs_little() -> None:
    assert not wants_back("i would " * 200_000)
