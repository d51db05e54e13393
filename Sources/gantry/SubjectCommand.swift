import ArgumentParser
import Crypto
import Custody
import Foundation
import PostGIS
import StageRunner
import Traffic

/// A person's own request about a plate that is theirs.
struct SubjectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "subject",
        abstract: "Answers a person's own request: all that is stored of a plate, or its erasure, with a certificate.",
        discussion: """
            Make sure first that the plate is theirs: whoever gets the export learns where the vehicle was. Both need purpose \
            and case, go on the audit log, and search the exact text in every token epoch that has keys. Passages that were \
            misread as another plate are not found, nor are those of epochs whose keys are destroyed: nobody can name them.

            Examples:
              gantry subject export --plate 1ABC230 --purpose "own request" --case DSR-7 --key auditor.key --out DSR-7
              gantry subject erase --plate 1ABC230 --purpose "own request" --case DSR-8 --key auditor.key --out DSR-8
              gantry subject verify DSR-7/certificate.json --public-key auditor.key.pub
            """,
        subcommands: [SubjectExport.self, SubjectErase.self, SubjectVerify.self])
}

struct SubjectOptions: ParsableArguments {
    @OptionGroup var system: SystemOptions
    @Option(help: "The plate; case, spaces and dashes don't matter.")
    var plate: String
    @Option(help: "What it is for, for example \"own request\".")
    var purpose: String?
    @Option(name: .customLong("case"), help: "The request's number.")
    var caseNumber: String?
    @Option(help: ArgumentHelp("Private key of `gantry audit key`, to sign the certificate with.", valueName: "file"))
    var key: String
    @Option(help: ArgumentHelp("A new folder for the answer.", valueName: "dir"))
    var out: String

    /// What an answer begins with.
    struct Opened: ~Copyable {
        var questions: Questions
        var vault: Vault?
        var text: PlateText
        var signer: SigningKey
        var searches: [Vault.Search]
        var database: String
    }

    func opened() throws -> Opened {
        guard let text = PlateText(plate) else { throw ValidationError("'\(plate)' holds no letter or digit") }
        let pipeline = try system.loaded()
        // Before anything is done: an erasure that nothing certifies could not be repeated for its certificate.
        let signer = try SigningKey(path: key)
        let database = try system.address(pipeline)
        let questions = try Questions(database: database, application: "gantry-subject (\(NSUserName()))")
        let vault = try system.vault(pipeline, purpose: purpose, caseNumber: caseNumber)
        let searches = try vault?.search(
            for: text, from: EventTime(rfc3339: "2000-01-01T00:00:00Z")!,
            to: EventTime(rfc3339: "2100-01-01T00:00:00Z")!)
        guard mkdir(out, 0o700) == 0 else { throw WholeFileError.unwritable(out) }
        return Opened(
            questions: questions, vault: vault, text: text, signer: signer, searches: searches ?? [], database: database
        )
    }

    /// Writes the certificate beside the answer.
    func certify(
        _ opened: borrowing Opened, action: String, entry: Int64, passages: Int, pictures: Int, document: Data?,
        period: Questions.Period?
    ) throws {
        let identity = try AuditLog(database: opened.database).identity()
        try Certificate(
            action: action, plate: opened.text.text, tokenEpochs: opened.searches.map(\.epoch.number),
            from: period?.start.rfc3339, to: period?.end.rfc3339, passages: passages, pictures: pictures,
            document: document.map { hexadecimal(SHA256.hash(data: $0)) }, caseNumber: caseNumber ?? "",
            auditEntry: entry,
            database: identity.database, system: identity.system,
            at: EventTime(seconds: Date().timeIntervalSince1970.rounded()).rfc3339
        ).write(to: "\(out)/certificate.json", key: opened.signer)
    }
}

struct SubjectExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes all that is stored of a plate, for the person whose it is.",
        discussion: """
            Makes passages.json (when and where, by which camera, how the plate was read, whether a picture is stored) and \
            certificate.json, signed: what was searched, the token epochs, the days that sightings are kept of, how many \
            passages, the audit entry, and the digest of passages.json. A text whose day's key was destroyed is null. \
            Journeys and legs say nothing that the passages don't. Pictures are not part of it: they may show others.

            Exit status: 66 without the key, 74 when the folder is there or can't be written, 77 refused.
            """)
    @OptionGroup var options: SubjectOptions

    func run() async throws {
        try answering {
            let opened = try options.opened()
            var finished = false
            defer { if !finished { rmdir(options.out) } }
            let period = try opened.questions.extent()
            let answer = try opened.questions.subjectExport(
                tokens: opened.searches.map(\.token), purpose: options.purpose, caseNumber: options.caseNumber)
            var passages =
                try JSONSerialization.jsonObject(with: Data(answer.passages.utf8)) as? [[String: Any]] ?? []
            for index in passages.indices {
                let sealed = passages[index].removeValue(forKey: "sealed_text") as? String ?? ""
                let place = Vault.Place(
                    passage: PassageID(bytes(passages[index]["passage"] as? String ?? "")),
                    camera: CameraID(passages[index]["camera"] as? String ?? ""),
                    firstSeen: EventTime(rfc3339: passages[index]["first_seen"] as? String ?? "")
                        ?? EventTime(nanoseconds: 0))
                let text = try opened.vault.flatMap { vault throws(CustodyError) in
                    do throws(CustodyError) {
                        return try vault.open(text: bytes(sealed), at: place)
                    } catch {
                        if case .destroyed = error { return PlateText?.none }
                        throw error
                    }
                }
                passages[index]["text"] = text?.text ?? NSNull()
            }
            let document =
                try JSONSerialization.data(
                    withJSONObject: passages, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
                + Data("\n".utf8)
            finished = true
            try WholeFile.write(document, to: "\(options.out)/passages.json", permissions: 0o600)
            try options.certify(
                opened, action: "subject-export", entry: answer.auditID, passages: passages.count,
                pictures: passages.count { $0["picture"] as? Bool == true }, document: document, period: period)
            print("\(passages.count) passages: \(options.out)/passages.json, certificate.json")
            sayOnRecord(answer.auditID)
        }
    }

    private func bytes(_ hexadecimal: String) -> [UInt8] {
        let digits = Array(hexadecimal)
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
    }
}

struct SubjectErase: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase", abstract: "Takes what names a vehicle away from all its passages, for good.",
        discussion: """
            Both tokens, the sealed text and the picture go, in one transaction, on the audit log; journeys and legs follow \
            before the command ends. That a vehicle passed stays, as of one that was not read: so counts stay true, and a \
            topic that is read again does not bring the plate back. certificate.json says how many passages and pictures.

            What it does not reach: backups and the server's write-ahead log, until they are overwritten or the keys of \
            their days are destroyed; old versions of the rows on disk, until the next VACUUM; topics, until their retention \
            ends; recordings and exports; passages misread as another plate; and the audit log, which keeps the vehicle's \
            tokens. A replacement from a recording (gantry backfill --replace) stores the plate again. Counts over periods \
            are made anew with what is left.

            Exit status: 66 without the key, 74 when the folder is there or can't be written, 77 refused.
            """)
    @OptionGroup var options: SubjectOptions

    func run() async throws {
        try answering {
            let opened = try options.opened()
            var finished = false
            defer { if !finished { rmdir(options.out) } }
            let period = try opened.questions.extent()
            let erased = try opened.questions.subjectErase(
                tokens: opened.searches.map(\.token), purpose: options.purpose, caseNumber: options.caseNumber)
            finished = true
            try options.certify(
                opened, action: "subject-erase", entry: erased.auditID, passages: erased.passages,
                pictures: erased.pictures, document: nil, period: period)
            try LegKeeper(database: opened.database).finish()
            print("\(erased.passages) passages and \(erased.pictures) pictures: \(options.out)/certificate.json")
            sayOnRecord(erased.auditID)
        }
    }
}

struct SubjectVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Checks a certificate, and the exported file beside it.",
        discussion: "Exit status: 1 when it was altered or not signed with this key, 66 without the file.")
    @Argument(help: "The certificate.json.")
    var file: String
    @Option(help: ArgumentHelp("The .pub file of the key that signed it.", valueName: "file"))
    var publicKey: String

    func run() async throws {
        try answering {
            guard let data = FileManager.default.contents(atPath: file) else {
                complain("can't read \(file): it should be a certificate of `gantry subject`")
                throw ExitCode(66)
            }
            let certificate = try Certificate(data, file: file, verifier: SignatureVerifier(path: publicKey))
            if let digest = certificate.document {
                let path = URL(filePath: file).deletingLastPathComponent().appending(path: "passages.json").path
                let document = FileManager.default.contents(atPath: path) ?? Data()
                guard hexadecimal(SHA256.hash(data: document)) == digest else {
                    throw SignatureError.altered(file: path)
                }
            }
            print(
                "\(certificate.action) of \(certificate.plate), case \(certificate.caseNumber), \(certificate.at): "
                    + "\(certificate.passages) passages, \(certificate.pictures) pictures; entry \(certificate.auditEntry) of the audit log."
            )
        }
    }
}
