extension Page {
    /// The headings of GDPR article 35(7): a description of the processing and its purposes, necessity and proportionality, risks,
    /// and the measures against them.
    mutating func addAssessment(_ facts: SystemFacts, drawing: String?) {
        note(
            "What a system can say of itself is filled in from its settings and its database. What is framed only the controller can say; an assessment is not finished before that is done, and the data protection officer was asked (GDPR article 35(2), directive (EU) 2016/680 article 28)."
        )
        if !facts.openPoints.isEmpty {
            heading("To be settled first")
            list(facts.openPoints)
        }
        describe(facts, drawing: drawing)
        justify(facts)
        weigh(facts)
        heading("5. Opinions and decision")
        blank(
            "The data protection officer's opinion, the views of data subjects or their representatives, prior consultation of the supervisory authority where it is needed, the decision, its date, and when it is reviewed."
        )
    }

    private mutating func describe(_ facts: SystemFacts, drawing: String?) {
        heading("1. The processing")
        blank(
            "Controller, contact, data protection officer; processors, if any, and their contracts; places covered by cameras and why these."
        )
        if let stored = facts.stored {
            paragraph(
                "\(stored.cameras) cameras. \(stored.days) days of data are in the database"
                    + (stored.firstDay.map { ", from \($0) to \(stored.lastDay ?? $0)" } ?? "")
                    + ", about \(stored.passages) passages of vehicles.")
        }
        paragraph(
            "Data: of each vehicle that passes a camera the time, camera, class and direction, and where a plate is read a keyed pseudonym of it, a second one under which similar plates are alike, and its text and one picture of the vehicle, both encrypted. Faces are looked for only to be made unrecognisable before a picture leaves the stage that found them. No feature of a face and no attribute of a person is computed or kept, in any message, table or setting."
        )
        if let drawing {
            figure(
                svg: drawing,
                caption: "Flow of the data. Dashed: aggregates and the audit log, without personal data of drivers.")
        }
        table(["Stage", "What it does", "What it hands on"], facts.stages.map { [$0.name, $0.does, $0.gives] })
        subheading("Purposes")
        addPurposes(facts)
        subheading("Recipients")
        table(["Role", "May", "Logins"], facts.roles.map { [$0.name, $0.may, "\($0.members)"] })
        blank(
            "Recipients outside of the organisation, and transfers to third countries; the system sends nothing to anybody by itself."
        )
        subheading("How long")
        addRetention(facts)
    }

    private mutating func justify(_ facts: SystemFacts) {
        heading("2. Necessity and proportionality")
        blank(
            "Legal basis of the processing as a whole; why the purposes can't be reached with less, for example by counting loops."
        )
        list([
            "Minimisation: \(facts.publicationText)",
            "Plates are pseudonyms at rest (GDPR article 4(5)): analysts have aggregates and no access to sightings.",
            "A look at one vehicle takes a purpose, a case number and a login of one's own, and is on an append-only log before a row is returned, refused ones too (directive (EU) 2016/680 article 25).",
            "Accuracy: \(facts.accuracy.isEmpty ? "not measured here" : "measured, below"). A read below its threshold is kept as not accepted and does not count."
                + (facts.stored?.captured.map {
                    " This system's cameras capture \(Int(($0 * 100).rounded()))% of the vehicles (median, estimated from its own data)."
                } ?? ""),
            "Data subjects' requests: export and erasure of what is kept of a plate, on the log, with a certificate.",
        ])
        addAccuracy(facts)
        table(["Task", "Model", "Origin", "Licence"], facts.models.map { [$0.task, $0.name, $0.origin, $0.licence] })
        blank("How data subjects are informed (signs, notice), and how they can object.")
    }

    private mutating func weigh(_ facts: SystemFacts) {
        let keys =
            facts.keys.map {
                "Keys: wrapped by a key from \($0.source); one key a day for texts and pictures, pseudonyms change every \($0.tokenEpoch). \($0.destroyedDays) days' keys were destroyed."
            } ?? "Keys: not seen from here."
        heading("3. Risks to people")
        table(
            ["Risk", "What stands against it", "What is left"],
            [
                [
                    "A database or backup is stolen and plates are guessed from their pseudonyms", keys,
                    "With the keys as well, everything of the days whose keys exist",
                ],
                [
                    "Somebody with access looks up a neighbour, a partner, a journalist",
                    "Purpose, case and login for each look; hash-chained log; limits for each user and case; a second person for old data",
                    "A look that is lawful in form. Only reading the log finds it",
                ],
                [
                    "Movements of many are swept", "One vehicle at a time; budgets; aggregates alone for analysts",
                    "The owner of the database's server, who is bound by organisation, not by software",
                ],
                [
                    "Aggregates isolate a person", facts.publicationText,
                    "Places that fewer than k vehicles pass in a day",
                ],
                [
                    "A misread plate leads to the wrong vehicle",
                    "Votes over many frames, thresholds, a flag for journeys faster than possible; the sealed picture to compare",
                    "A person must look at the picture before anything follows from a read",
                ],
                [
                    "Passers-by are shown in pictures",
                    "Faces are made unrecognisable before a picture leaves; if that did not finish, no picture leaves",
                    "Faces that the detector misses; its recall is in the accuracy figures",
                ],
                [
                    "Data are kept because nobody deletes them",
                    facts.retention.isEmpty
                        ? "Nothing: no retention is set"
                        : "Retention by class of data, enforced by the system; keys of past days are destroyed, so backups can't be read either",
                    "Copies that were exported by hand",
                ],
                [
                    "The purpose creeps",
                    "Not built: recognition of faces, attributes of persons, analysis of who travels with whom, scores of people",
                    "Whoever changes the program",
                ],
            ])
        heading("4. Measures still to be taken")
        if facts.openPoints.isEmpty { paragraph("None that the system can see.") } else { list(facts.openPoints) }
        blank(
            "Organisational measures: who reads the audit log and how often, training, sanctions, physical security of cameras and servers."
        )
    }

    mutating func addPurposes(_ facts: SystemFacts) {
        guard let first = facts.purposes.first else {
            paragraph("None is configured for looks at single vehicles. Aggregates serve traffic planning.")
            return
        }
        table(
            ["Purpose", "Legal basis"] + first.details.map(\.title),
            facts.purposes.map {
                [$0.name, $0.legalBasis.isEmpty ? "not named" : $0.legalBasis] + $0.details.map(\.value)
            })
    }

    mutating func addRetention(_ facts: SystemFacts) {
        guard !facts.retention.isEmpty else {
            paragraph("No end is configured.")
            return
        }
        table(
            ["Data", "Kept for", "Oldest now"],
            facts.retention.map { [$0.data, $0.limit ?? "no end is set", $0.oldest ?? ""] })
    }

    mutating func addAccuracy(_ facts: SystemFacts) {
        guard let head = facts.accuracy.first else { return }
        table(head, Array(facts.accuracy.dropFirst()))
        note(
            "Percent on labelled photographs that were not used for training, with 95% intervals; docs/accuracy.md says on which."
        )
    }
}
