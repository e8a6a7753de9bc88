"""Texts of our own for the near-duplicate guard: a suggested text, copies of it as people make them, and own words.

`copies`: a few words changed, hashtags or a greeting added, a sentence left out or put behind. `own`: the same facts
told by somebody in their own way, some with a fact word for word.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """One suggestion with what became of it."""

    suggested: str
    copies: tuple[str, ...]
    own: tuple[str, ...]


TOLD = (
    Told(
        "We are hiring nurses in Leeds: a good team, fair pay, and shifts that you can plan months ahead. Have a look!",
        (
            "We are hiring nurses in Leeds: a great team, fair pay, and shifts you can plan months ahead. Take a look!",
            "Hello everyone! We are hiring nurses in Leeds: a good team, fair pay, and shifts that you can plan months "
            "ahead. #nursing #jobs #leeds",
        ),
        (
            "Twelve years on ward three in Leeds, and what keeps me is that my shifts fit around my son's football. "
            "We need more nurses, so come and ask me.",
            "My shifts for spring are already in the calendar on the fridge. If you are a nurse and want that too, my "
            "ward in Leeds has places free.",
        ),
    ),
    Told(
        "Our new kettle boils in forty seconds and is the quietest one on the market. It took our engineers two years "
        "to get there, and we could not be prouder of what they built.",
        (
            "Our new kettle boils in 40 seconds and is the quietest on the market! It took our engineers two years to "
            "get there, and we could not be prouder of what they have built.",
            "Our new kettle boils in forty seconds and is the quietest one on the market. So proud of this team! "
            "Ask me anything about it.",
        ),
        (
            "I work on the part that makes the new kettle quiet. The first one sounded like a jet, the ninetieth made "
            "my cat stay in the kitchen. Forty seconds to a boil, by the way.",
            "Two years ago somebody asked why kettles have to shout. I work with the people who would not let that "
            "question go, and now I can hear the radio while my tea water boils.",
        ),
    ),
    Told(
        "Acme was named one of the best places to work in Norway for the third year in a row. Thank you to all "
        "colleagues who make this possible every single day!",
        (
            "Acme has been named one of the best places to work in Norway for the third year in a row! Thanks to all "
            "colleagues who make this possible every single day.",
            "Wow! Acme was named one of the best places to work in Norway for the third year in a row. Thank you to "
            "all my colleagues who make this possible every day!",
        ),
        (
            "Third year running on the list of best workplaces. What I notice of it: when my father fell ill nobody "
            "asked me for a form, my lead only asked what I needed.",
            "Awards for workplaces made me laugh before I came to Acme. I still think cake on Fridays is overrated, "
            "but I have never had to explain why I leave at three for the kindergarten.",
        ),
    ),
    Told(
        "From today you can rent our tents by the week. Renting saves about 60 percent of the material compared with "
        "buying a tent that is used only once a year.",
        (
            "From today on you can rent our tents by the week! Renting saves around 60 percent of the material "
            "compared with buying a tent that is used only once a year.",
            "From today you can rent our tents by the week. Renting saves about 60 percent of the material compared "
            "with buying one. Who is coming camping with me?",
        ),
        (
            "My own tent sees daylight for four nights a year. I work at the rental depot now and mend the ones that "
            "see eighty, and they still come back dry.",
            "You can rent our tents by the week now. I had my doubts about mud and zips, so I went along to the first "
            "returns: one lost peg, no mud, and a thank-you card.",
        ),
    ),
    Told(
        "Apprenticeships at our workshop start in August. You learn from people with thirty years at the bench, you "
        "are paid from day one, and you get your own tools.",
        (
            "Apprenticeships at our workshop start in August! You learn from people with 30 years at the bench, you "
            "are paid from day one, and you get your own tools.",
            "The apprenticeships at our workshop start this August. You will learn from people with thirty years at "
            "the bench, are paid from day one, and you get your own set of tools. Apply now!",
        ),
        (
            "In my first week at the workshop I broke a drill that was older than me. Nobody shouted. Come August we "
            "take new apprentices, and the drill has been replaced.",
            "What surprised me as an apprentice: my own tools, with my name on the box, on day one. Applications are "
            "open, and I will show you around if you write to me.",
        ),
    ),
    Told(
        "Unsere neue Fähre fährt rein elektrisch und spart im Jahr 2.000 Tonnen CO2. Wir suchen noch Elektrikerinnen "
        "und Elektriker, die mit uns die nächsten drei Schiffe bauen.",
        (
            "Unsere neue Fähre fährt rein elektrisch und spart jedes Jahr 2.000 Tonnen CO2! Wir suchen noch "
            "Elektrikerinnen und Elektriker, die mit uns die nächsten drei Schiffe bauen.",
            "Hallo zusammen, unsere neue Fähre fährt rein elektrisch und spart im Jahr 2.000 Tonnen CO2. Wir suchen "
            "noch Elektriker, die mit uns die nächsten drei Schiffe bauen. #jobs",
        ),
        (
            "Ich arbeite auf der Werft und habe zum ersten Mal ein Schiff auslaufen sehen, ohne dass man etwas hört. "
            "Für die nächsten drei brauchen wir Leute, die Kabel mögen.",
            "Beim ersten Ablegen der neuen Fähre dachten alle, der Motor sei ausgefallen. War er nicht, es gibt "
            "keinen mehr. Wer beim nächsten Schiff dabei sein will, schreibt mir.",
        ),
    ),
    Told(
        "Notre équipe de Lyon ouvre ses portes samedi : visite des ateliers, rencontre avec les apprentis et "
        "démonstration de nos robots. Entrée libre, venez nombreux !",
        (
            "Notre équipe de Lyon ouvre ses portes ce samedi : visite des ateliers, rencontre avec les apprentis et "
            "démonstration de nos robots. Entrée libre, venez tous !",
            "Samedi, notre équipe de Lyon ouvre ses portes : visite des ateliers, rencontre avec les apprentis et "
            "démonstration des robots. Entrée libre, venez nombreux ! #lyon",
        ),
        (
            "Samedi je montre à ma fille où je passe mes journées. Si vous voulez voir un robot rater un café, "
            "passez à l'atelier de Lyon, c'est gratuit.",
            "Je travaille à l'atelier de Lyon depuis six ans et c'est la première fois qu'on laisse entrer tout le "
            "monde. Demandez Karim, il fait danser le bras numéro quatre.",
        ),
    ),
    Told(
        "We have opened a second day care next to the plant, with places for 80 children and opening hours that fit "
        "early shifts. Parents asked for it, and we listened.",
        (
            "We opened a second day care next to the plant, with places for 80 children and opening hours that fit "
            "the early shifts. Parents asked for it and we listened!",
            "Great news: we have opened a second day care next to the plant, with places for 80 children and opening "
            "hours that fit early shifts.",
        ),
        (
            "At ten to six my daughter is already building towers, and I am at the press at six. Before the new day "
            "care that took two grandmothers and a taxi.",
            "Places for 80 children and opening hours that fit early shifts sounds dry. For us on line two it means "
            "that Marek is back from part time, and I have my team again.",
        ),
    ),
    Told(
        "Accessibility is not a feature. Our app now works completely by voice, and it was tested by forty blind "
        "users before the launch. Try it and tell us what we missed.",
        (
            "Accessibility is not a feature! Our app now works completely by voice and was tested by forty blind "
            "users before launch. Try it and tell us what we missed.",
            "Accessibility is not just a feature. Our app now works completely by voice, and was tested by 40 blind "
            "users before the launch. Please try it and tell us what we have missed.",
        ),
        (
            "I sat beside one of the forty blind testers of our app. She was faster with her voice than I with my "
            "thumbs, and found three bugs before my coffee was cold.",
            "For a year my job was to close my eyes and use our own app. I was bad at it. The people who tested it "
            "for real were not, and what they found is why it works by voice today.",
        ),
    ),
    Told(
        "Join us today",
        ("Join us today!", "Join us today 🚀 #jobs"),
        ("Come and see my desk", "Ask me what I like here"),
    ),
)
