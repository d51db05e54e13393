import Custody
import Foundation
import Glibc
import PostGIS
import StageRunner

/// What `gantry check` and `gantry doctor` ask of servers and libraries.
struct DoctorWorld: Sendable {
    let home: GantryHome?

    var checks: DoctorChecks { DoctorChecks(home: home?.directory.path) }

    /// For a pipeline file. The models are asked for once, however many a file names.
    var probes: PipelineProbes {
        let vision = VisionReport.ask()
        return PipelineProbes(
            model: { name, task in
                switch vision {
                case .success(let report): report.trouble(name, task)
                case .failure(let none):
                    // Said once, not for each task.
                    task != .vehicles
                        ? nil
                        : PipelineProbes.Trouble(
                            what: "whether the models are installed is unknown: \(none.line.found)",
                            remedy: none.line.remedy ?? "run `gantry doctor`")
                }
            },
            broker: { DoctorChecks.brokerTrouble($0) },
            database: { url in
                var settings = PipelineDatabase()
                settings.url = url
                let line = database(settings)
                return line.state == .failed
                    ? .init(what: line.found, remedy: line.remedy ?? "run `gantry doctor`") : nil
            },
            keys: { custody in
                let line = wrappingKey(custody)
                return line?.state == .failed
                    ? .init(what: line?.found ?? "", remedy: line?.remedy ?? "run `gantry doctor`") : nil
            })
    }

    /// Where the wrapping key comes from, and whether the keys open with it; nil where there are none yet and nothing was
    /// set.
    func wrappingKey(_ custody: PipelineCustody) -> DoctorLine? {
        let source = custody.wrappingKey.flatMap { WrappingKeySource($0) } ?? .folder
        let folder = custody.keys ?? "\(home?.directory.path ?? ".gantry")/keys"
        do {
            if FileManager.default.fileExists(atPath: folder) {
                let keys = try KeyStore(folder: folder, create: false, domain: custody.domain, wrappedBy: source)
                return DoctorLine("wrapping key", .ok, try keys.openAll(), remedy: nil)
            }
            guard source != .folder else { return nil }
            return DoctorLine("wrapping key", .ok, try source.tried())
        } catch CustodyError.noDomain(let domain, _) {
            return DoctorLine(
                "wrapping key", .note,
                "no keys of the domain \(domain) yet: the first run that stores passages makes them")
        } catch {
            let words = error.description.dropFirst(error.code.count + 1)
            let end = words.range(of: ". ")
            return DoctorLine(
                "wrapping key", .failed, "\(error.code) " + words[..<(end?.lowerBound ?? words.endIndex)],
                remedy: end.map { words[$0.upperBound...].prefix(1).lowercased() + words[$0.upperBound...].dropFirst() }
            )
        }
    }

    /// The version of the library that this process would use, or did load: the search path decides.
    var librdkafka: DoctorLine {
        guard let library = dlopen("librdkafka.so.1", RTLD_NOW), let symbol = dlsym(library, "rd_kafka_version_str")
        else {
            return DoctorLine("librdkafka", .failed, "not installed", remedy: "run `make setup`")
        }
        typealias Version = @convention(c) () -> UnsafePointer<CChar>
        return checks.librdkafka(String(cString: unsafeBitCast(symbol, to: Version.self)()))
    }

    func broker(_ kafka: PipelineKafka?) -> DoctorLine {
        guard let kafka else {
            return DoctorLine("broker", .note, "not asked: no pipeline file with a 'kafka' section was given")
        }
        if let trouble = DoctorChecks.brokerTrouble(kafka.brokers) {
            return DoctorLine("broker", .failed, trouble.what, remedy: trouble.remedy)
        }
        return DoctorLine("broker", .ok, kafka.brokers.joined(separator: ", "))
    }

    func database(_ settings: PipelineDatabase) -> DoctorLine {
        func failed(_ found: String, _ remedy: String) -> DoctorLine {
            DoctorLine("database", .failed, found, remedy: remedy)
        }
        let address: String
        do {
            address = try settings.address(home: home?.directory.path)
        } catch {
            guard case .problems(let problems) = error, let first = problems.first else {
                return failed("\(error)", "")
            }
            return failed(first.what, first.remedy)
        }
        do {
            let connection = try Connection(address, application: "gantry-doctor")
            func one(_ sql: String) throws(DatabaseError) -> String? { try connection.query(sql).values.first?[0] }
            let server = try one("SELECT split_part(current_setting('server_version'), ' ', 1)") ?? "?"
            guard let postgis = try one("SELECT extversion FROM pg_extension WHERE extname = 'postgis'") else {
                return failed("PostgreSQL \(server), without PostGIS or a schema", "run `make migrate`")
            }
            let hasSchema = try one("SELECT to_regclass('schema_version')") != nil
            let version =
                hasSchema ? Int(try one("SELECT coalesce(max(version), 0) FROM schema_version") ?? "") ?? 0 : 0
            let found = "PostgreSQL \(server), PostGIS \(postgis), schema \(version)"
            if version < Migrator.version {
                return failed("\(found); this build needs \(Migrator.version)", "run `make migrate`")
            }
            if version > Migrator.version {
                return failed(
                    "\(found); this build knows \(Migrator.version)", "use the build that migrated it, or a newer one")
            }
            return DoctorLine("database", .ok, found)
        } catch {
            return failed("\(error)", "run `make database`, or correct database.url")
        }
    }
}
