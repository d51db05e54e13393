import ArgumentParser
import PostGIS

struct ClockOffsetsQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clock-offsets",
        abstract: "Which cameras' clocks differ from the others', as far as traffic tells.",
        discussion: """
            An estimate, which no other question applies. If the way between two cameras takes as long in both directions, \
            the legs there and back differ by twice the difference of the clocks. Where it does not (peak hours, one-way \
            streets, cameras that see one direction alone), half of that difference is in the result: ask about nights, \
            and believe no offset that is smaller than a few times its standard error. Offsets of different parts can't \
            be compared.
            """)
    @OptionGroup var options: QueryOptions

    func run() async throws {
        try options.answer(Self.configuration, watching: nil) { questions, period in
            let offsets = try questions.clockOffsets(in: period)
            return Answer(offsets, minimumVehicles: questions.minimumVehicles, zone: questions.zone)
        }
    }
}
