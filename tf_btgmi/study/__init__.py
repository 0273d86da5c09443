"""The user study: plan, pictures, answers, report, and its page."""
