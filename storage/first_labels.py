"""The labels of mentions before readers corrected them: blocks of days are found by these, so that no reader who files
mentions elsewhere moves their bounds.
"""


def first_label(head: str, mention: str = "m") -> str:
    """SQL for that label of a head ("facet", "audience"); most mentions are not corrected, and looked up nowhere."""
    return f"""CASE WHEN {mention}.corrected ? '{head}' THEN coalesce((
        SELECT old FROM corrections WHERE mention_id = {mention}.id AND head = '{head}' AND old <> new
        ORDER BY at, id LIMIT 1), {mention}.{head}) ELSE {mention}.{head} END"""  # noqa: S608 - names of our own
