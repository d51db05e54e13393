extension Page {
    /// What California Civil Code 1798.90.51(b)(2) lists: purposes, who is authorised, monitoring, sharing, custodian, accuracy, retention.
    mutating func addPolicy(_ facts: SystemFacts) {
        blank(
            "Name and contact of the operator, and the official custodian or owner who is responsible for this policy.")
        heading("What the system does")
        paragraph(
            "Cameras at the road see vehicles pass. Their plates are read by a program and stored as keyed pseudonyms, to learn how traffic moves: flows, travel times, from where to where. Faces are looked for only to be made unrecognisable in pictures. There is no face recognition, no attribute of any person, no analysis of who travels with whom, and no score of people or vehicles."
        )
        if let stored = facts.stored { paragraph("There are \(stored.cameras) cameras.") }
        heading("Purposes")
        addPurposes(facts)
        paragraph(facts.publicationText)
        heading("Who may use it")
        table(["Role", "May"], facts.roles.map { [$0.name, $0.may] })
        blank("Job titles of those who have these roles, and the training that they must have had.")
        heading("How use is watched")
        paragraph(
            "Every look at one vehicle, refused ones too, is on an append-only, hash-chained log before anything is shown: time, user, purpose, case, what was asked (plates as pseudonyms) and what was decided. Changes of settings, keys and retention are on it too. The chain is checked outside of the database. Figures from the log are published."
        )
        heading("Sharing and sale")
        paragraph("The system sends nothing to anybody by itself.")
        blank(
            "With whom data are shared, under which law and with which restrictions; a statement that they are not sold."
        )
        heading("Accuracy")
        paragraph(
            "A read that is not sure enough does not count, and a person compares the picture before anything follows from a read."
        )
        addAccuracy(facts)
        blank("How errors are reported and corrected.")
        heading("How long data are kept")
        addRetention(facts)
        paragraph(
            "What is due is deleted by the system: whole days or hours at once, and the keys with them, so that backups can't be read either."
        )
        heading("Your rights")
        paragraph(
            "The operator can export, and erase, what is kept of a plate at its keeper's request; both are on the log.")
        blank("Where to send a request, how identity is proven, and the supervisory authority.")
    }

    /// Figures alone: no user, no case, no plate, no pseudonym.
    mutating func addTransparency(_ facts: SystemFacts) {
        heading("The system")
        if let stored = facts.stored {
            table(
                ["Cameras", "Days of data kept", "Passages kept, about"],
                [["\(stored.cameras)", "\(stored.days)", "\(stored.passages)"]])
        }
        paragraph(facts.publicationText)
        heading("How long data are kept")
        addRetention(facts)
        heading("Looks at single vehicles\(facts.looksPeriod.isEmpty ? "" : ", \(facts.looksPeriod)")")
        if facts.looks.isEmpty {
            paragraph("There was none.")
        } else {
            table(
                ["Purpose", "What", "Granted", "Refused", "Found something"],
                facts.looks.map { look in
                    [
                        look.purpose, look.action, "\(look.granted)", "\(look.refused)",
                        look.hits.map { hits in
                            look.granted == 0
                                ? "" : "\(hits) (\(Int((Double(hits) / Double(look.granted) * 100).rounded()))%)"
                        } ?? "not recorded",
                    ]
                })
        }
        paragraph(
            "The log has \(facts.auditEntries) entries. It is append-only and hash-chained; refused looks are on it too."
        )
        heading("Purposes")
        addPurposes(facts)
        heading("Accuracy")
        addAccuracy(facts)
        heading("What this system does not do")
        list([
            "It recognises no faces and keeps none: they are made unrecognisable in pictures.",
            "It computes no attribute of any person.",
            "It does not analyse who travels with whom, and gives no scores.",
        ])
        blank("Audits by third parties, complaints and their outcome, who data were shared with.")
    }
}
