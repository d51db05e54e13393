import ArgumentParser
import PostGIS

/// The supervisor's commands.
struct RequestsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "requests", abstract: "Looks at single vehicles that wait for a second person's approval.",
        discussion: """
            Those of the last 30 days, oldest first: who asked, for which purpose, case and period, and how many tokens the \
            vehicle has in it. Which vehicle it is stays between the asker and the log. Exit status: 69 without a database.
            """)
    @OptionGroup var system: SystemOptions
    @Option(help: "table, json or csv.")
    var format: Answer.Format = .table

    func run() async throws {
        try answering {
            let answer = try Authority(database: system.address(system.loaded())).requests()
            if answer.rows.isEmpty { complain("No look waits for approval.") }
            print(answer.rendered(format), terminator: "")
        }
    }
}

struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Allows a look at a single vehicle, as its second person. Goes on record.",
        discussion: """
            REQUEST is the number that the refusal named, and `gantry requests` shows. The approval is for that user, \
            purpose, case, vehicle and period alone, and expires (settings.approval_lasts, 7 days). Log in as yourself, a \
            member of gantry_supervisor; nobody approves their own request, which is refused and goes on record too.

            Exit status: 65 for what waits for no approval, 69 without a database, 77 when refused.

            Example:
              gantry approve 4711 --reason "warrant 2026/88 seen"
            """)
    @OptionGroup var system: SystemOptions
    @Argument(help: "The request's number.")
    var request: Int64
    @Option(help: "Why it is allowed, for the record.")
    var reason: String

    func run() async throws {
        try answering {
            let until = try Authority(database: system.address(system.loaded()))
                .approve(request: request, reason: reason)
            print("Request \(request) is approved, for looks until \(until).")
        }
    }
}
