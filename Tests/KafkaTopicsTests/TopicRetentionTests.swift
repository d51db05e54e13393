import Testing

@testable import KafkaTopics

@Suite struct TopicRetentionTests {
    @Test func `a topic's retention is set once, and its other settings stay`() async throws {
        let cluster = try cluster()
        let plans = TopicPlan.pipeline("kept", partitions: 1, retention: .seconds(7200))
        try await cluster.create(plans)
        #expect(try await cluster.retention(of: "kept.reads") == 7_200_000)
        #expect(try await cluster.retention(of: "kept.frames") == 600_000)
        #expect(try await !cluster.setRetention(of: "kept.reads", to: .seconds(7200)))
        #expect(try await cluster.setRetention(of: "kept.reads", to: .seconds(3600)))
        #expect(try await cluster.retention(of: "kept.reads") == 3_600_000)
        let client = try KafkaClient(.reader(group: "gantry.topics"), cluster)
        let settings = try client.settings(of: "kept.reads")
        #expect(settings["segment.ms"]?.value == "900000" && settings["max.message.bytes"]?.value == "5242880")
    }
}
