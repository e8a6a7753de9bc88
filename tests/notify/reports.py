"""Delivery reports as mail servers write them, about a mail of ours with the given id."""

STANDARD = """\
From: MAILER-DAEMON@mx.example (Mail Delivery System)
To: o@acme.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
Arrival-Date: Mon, 2 Mar 2026 10:00:00 +0000

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} <{recipient}>: User unknown

--b1
Content-Type: {inside}

From: Outspoken <o@acme.example>
To: {recipient}
Message-ID: <{message}@acme.example>
Subject: Acme: 17 stories

--b1--
"""
PLAIN = """\
From: MAILER-DAEMON@qmail.example
To: o@acme.example
Subject: failure notice

Hi. This is the qmail-send program at qmail.example.
I'm afraid I wasn't able to deliver your message to the following addresses.

<{recipient}>:
Remote host said: 550 5.1.1 no such user

--- Below this line is a copy of the message.

Message-ID: <{message}@acme.example>
Subject: Acme: 17 stories
"""


def report(
    message: str, recipient: str = "lead@acme.example", status: str = "5.1.1", action: str = "failed",
    inside: str = "message/rfc822",
) -> bytes:  # fmt: skip
    """A report by RFC 3464."""
    filled = STANDARD.format(message=message, recipient=recipient, status=status, action=action, inside=inside)
    return filled.encode()
