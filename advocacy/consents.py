"""What advocates agree to, word by word. Whoever changes a text raises its version; stored consents keep the old."""

PROGRAMME_VERSION = "2"
PROGRAMME = (
    "I join by my own choice and can leave at any time. Whether I join, share or leave has no effect on my work.",
    "Outspoken keeps the addresses of posts that I add here, the numbers that I or the platform give for them, and "
    "the clicks on links that I make. It does not look for my other posts, and it never posts for me.",
    "My figures are mine: nobody else sees them unless I say so, not even administrators. The programme page shows "
    "sums only, and nothing as long as fewer than five people stand behind it.",
    "When I leave, the addresses and titles of my posts and the tie to my account are deleted, my links are closed, "
    "and permissions of my accounts are given back. Sums stay, without my name.",
)
PLATFORM_VERSION = "1"


def platform_consent(label: str, gives: str) -> tuple[str, ...]:
    """What is agreed to for one platform; `gives` names the numbers that it tells."""
    return (
        f"Outspoken may read, over my account on {label}, the numbers of posts that I add here: {gives}. It reads them "
        "about five times in a post's first week.",
        "It reads no other posts and no messages, keeps nothing about the people who react, and cannot write anything.",
        "The permission is kept sealed and used for nothing else. I can withdraw it here at any time: then it is "
        "deleted and given back, and nothing more is read. Numbers that were read until then stay with my posts until "
        "I remove a post or leave.",
    )
