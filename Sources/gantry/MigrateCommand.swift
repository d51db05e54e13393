import ArgumentParser
import PostGIS
import StageRunner

/// Brings the database to the schema of this build.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Applies the migrations that a database lacks.",
        discussion: """
            Forward only, one transaction a file; one that was edited after it was applied is refused. Roles (gantry_ingest, \
            gantry_analyst and others) are made and get their grants each time, also after a database was restored or copied; \
            statements that take more rights are printed. With a pipeline, the least number of vehicles that a count is shown \
            for, and the length of partitions that its retention needs, are set from it, on the record.
            """)
    @OptionGroup var system: SystemOptions
    @Option(help: "Folder of the migrations (default: schemas/sql of the checkout, or GANTRY_SCHEMAS).")
    var schemas: String?

    func run() async throws {
        try answering {
            let pipeline = try system.loaded()
            let address = try system.address(pipeline)
            let migrator = try Migrator(folder: schemas ?? Migrator.folder() ?? "schemas/sql")
            let report = try migrator.migrate(address)
            for file in report.applied { print("applied \(file)") }
            print("The database is at schema version \(report.after)\(report.applied.isEmpty ? ", as before" : "").")
            if !report.readerReady {
                complain(
                    """
                    There is no role gantry_reader yet that may read the views of schema city. As a role that may create roles: \
                    CREATE ROLE gantry_reader NOLOGIN; GRANT USAGE ON SCHEMA city TO gantry_reader; \
                    GRANT SELECT ON ALL TABLES IN SCHEMA city TO gantry_reader;
                    """)
            }
            if !report.toGrant.isEmpty {
                complain("Roles and grants are not complete. As a superuser, then `gantry migrate` again:")
                for statement in report.toGrant { complain("  \(statement)") }
            }
            if let pipeline { try AuditLog(database: address).setMinimumVehicles(pipeline.database.suppressBelow) }
            if let minutes = pipeline?.retention.slotMinutes {
                try Retention(database: address).setSlot(minutes: minutes)
            }
        }
    }
}
