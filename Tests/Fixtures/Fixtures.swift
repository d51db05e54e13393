// Placeholder: replaced by the first shared fixture.
