"""Mails of our own making, in the general shape of the alerts they stand for. No real mail was at hand."""

from email.message import EmailMessage
from email.utils import format_datetime

from tests.collectors.conftest import NOW

AUTHSERV = "mx.acme.example"


def proof(domain: str, authserv: str = AUTHSERV, result: str = "pass") -> str:
    return f"{authserv}; dkim={result} (2048-bit key) header.d={domain} header.s=s1; spf=pass smtp.mailfrom={domain}"


def mail(
    sender: str,
    html: str | None = None,
    text: str | None = None,
    *,
    subject: str = "New review",
    message_id: str = "<1@mail.example>",
    results: str | None = "own",
) -> EmailMessage:
    """A mail; `results`: the header Authentication-Results, "own" for a good one of the sender's domain."""
    message = EmailMessage()
    if results is not None:
        message["Authentication-Results"] = (
            proof(sender.rpartition("@")[2].rstrip(">")) if results == "own" else results
        )
    message["From"] = sender
    message["To"] = "alerts@acme.example"
    message["Subject"] = subject
    message["Date"] = format_datetime(NOW)
    message["Message-ID"] = message_id
    message.set_content(text or "Please read this mail as HTML.")
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message


GLASSDOOR = "Glassdoor <noreply@glassdoor.com>"
GLASSDOOR_HTML = """
<html><head><style>td { color: red }</style></head><body>
<p>You have 2 new reviews of Acme</p>
<table><tr><td><img src="https://media.example/s.png" alt="4.0 out of 5 stars"></td></tr>
<tr><td><a href="https://www.glassdoor.com/Reviews/Employee-Review-Acme-RVW90210001.htm?utm_source=alert&encryptedUserId=SECRET">
“Good people, slow decisions”</a></td></tr>
<tr><td>Current Employee - Data Analyst in Berlin</td></tr>
<tr><td><b>Pros</b></td></tr><tr><td>Kind colleagues<br>and fair pay</td></tr>
<tr><td><b>Cons</b></td></tr><tr><td>Decisions take months.</td></tr>
<tr><td><b>Advice to Management</b></td></tr><tr><td>Decide.</td></tr>
<tr><td>
<a href="https://www.glassdoor.com/Reviews/Employee-Review-Acme-RVW90210001.htm?x=1">Read full review</a></td></tr>
</table>
<table><tr><td>★☆☆☆☆ 1.0</td></tr>
<tr><td>“Run”</td></tr>
<tr><td>Former Employee, Warehouse Worker, Leipzig</td></tr>
<tr><td>Pros: The canteen was fine.</td></tr><tr><td>Cons: Shifts change overnight.</td></tr>
<tr><td><a href="https://www.glassdoor.com/Reviews/Employee-Review-Acme-RVW90210002.htm">See review</a></td></tr>
</table>
<p>You are receiving this because you manage Acme. <a href="https://www.glassdoor.com/unsub?u=9">Unsubscribe</a></p>
</body></html>
"""
INDEED = "Indeed <no-reply@indeed.com>"
INDEED_TEXT = """A new review was posted on your company page.

2.0 out of 5 stars
"Chaotic scheduling"
Delivery Driver (Former Employee) - Austin, TX
You never know when you work next week, and nobody answers the phone.

Pros
Free coffee
Cons
No breaks, no plan

View review
https://www.indeed.com/cmp/Acme/reviews?fcountry=US&id=0a1b2c3d4e5f6071&tk=SECRET

Manage your email settings: https://www.indeed.com/settings
"""
KUNUNU = "kununu <benachrichtigung@kununu.com>"
KUNUNU_HTML = """
<div>Neue Bewertung für die Acme GmbH</div>
<div>3,4 von 5</div>
<div>Ex-Angestellte/r oder Arbeiter/in in Hamburg</div>
<div>„Solide, aber ohne Richtung“</div>
<p><b>Gut am Arbeitgeber finde ich</b></p><p>Pünktliches Gehalt und nette Kollegen.</p>
<p><b>Schlecht am Arbeitgeber finde ich</b></p><p>Die Führung wechselt jedes halbe Jahr.</p>
<p><b>Verbesserungsvorschläge</b></p><p>Zuhören.</p>
<p><a href="https://www.kununu.com/de/acme/kommentare/7f3c2a10-1b2c-4d5e-8f90-aabbccddeeff?mail=1">Zur Bewertung</a></p>
<p>Datenschutz | Impressum | Abmelden</p>
"""
TRUSTPILOT = "Trustpilot <noreply@trustpilotmail.com>"
TRUSTPILOT_HTML = """
<p>Rosamunde Lux left a new review</p>
<p>★★☆☆☆</p>
<p><a href="https://www.trustpilot.com/reviews/5e3de1b45fb06f0001790b51?utm_medium=email">Late and broken</a></p>
<p>The parcel came late. Greetings, Rosamunde Lux</p>
<p><a href="https://businessapp.b2b.trustpilot.com/x">Reply to review</a></p>
"""
GOOGLE = "Google Alerts <googlealerts-noreply@google.com>"
_REDIRECT = "https://www.google.com/url?rct=j&amp;sa=t&amp;url={}&amp;ct=ga&amp;cd=CAEYACoT&amp;usg=AOv"
GOOGLE_HTML = f"""
<html><body><table><tr><td>Google Alerts</td></tr><tr><td>Acme</td></tr>
<tr><td>Daily update · 28 February 2026</td></tr>
<tr><td>NEWS</td></tr>
<tr><td><a href="{_REDIRECT.format("https://news.example/2026/acme-opens-plant%3Futm_source%3Dgoogle%26id%3D7")}">
<b>Acme</b> opens a plant in Gera</a></td></tr>
<tr><td>Daily Example</td></tr><tr><td>The company <b>Acme</b> hires 300 people &hellip;</td></tr>
<tr><td><a href="https://www.google.com/alerts/share?hl=en&amp;ru=https://news.example">Facebook</a>
<a href="https://www.google.com/alerts/feedback?ffu=x">Flag as irrelevant</a></td></tr>
<tr><td><a href="{_REDIRECT.format("https://blog.example/strike")}">Strike at Acme feared</a></td></tr>
<tr><td>A Blog</td></tr><tr><td>Workers of Acme vote on Monday</td></tr>
<tr><td><a href="https://www.google.com/alerts/remove?s=SECRET">Unsubscribe</a></td></tr></table></body></html>
"""
GOOGLE_TEXT = """=== News - 2 new results for [Acme] ===

Acme opens a plant in Gera
Daily Example
The company Acme hires 300 people ...
<https://www.google.com/url?rct=j&sa=t&url=https://news.example/2026/acme-opens-plant&ct=ga>

Strike at Acme feared
A Blog
Workers of Acme vote on Monday
<https://www.google.com/url?rct=j&sa=t&url=https://blog.example/strike&ct=ga>

- - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - -
Unsubscribe from this Google Alert:
<https://www.google.com/alerts/remove?s=SECRET>
"""
NEWSLETTER = "Branche heute <post@branche.example>"
NEWSLETTER_HTML = """
<p><a href="https://branche.example/v/9">View this mail in your browser</a></p>
<h2><a href="https://branche.example/2026/02/acme-baut-in-gera?utm_source=nl&token=SECRET">
Acme baut ein neues Werk in Gera</a></h2>
<p>Dreihundert Menschen sollen dort arbeiten.</p>
<h2><a href="https://click.sender.example/CL0/aHR0cHM6Ly9icmFuY2hlLmV4YW1wbGU/1/0102018e8f">
Globex verliert einen grossen Kunden</a></h2>
<p>Ein Sprecher wollte sich nicht äussern.</p>
<p><a href="https://branche.example/unsubscribe?u=7">Abmelden von diesem Newsletter, jederzeit</a></p>
"""
