public import Topics

/// The writing end of a Kafka topic.
///
/// A send returns once all in-sync replicas have the records, in the order given. It blocks its thread, so call it
/// from a runner's loop.
public final class KafkaOutlet<Element: Sendable>: Outlet {
    private let topic: String
    private let producer: KafkaProducer
    private let encode: @Sendable (Element) throws -> Record

    init(topic: String, producer: KafkaProducer, encode: @escaping @Sendable (Element) throws -> Record) {
        self.topic = topic
        self.producer = producer
        self.encode = encode
    }

    public func send(_ elements: [Element]) async throws -> [Refusal] {
        var records: [Record] = []
        var indices: [Int] = []
        var refusals: [Refusal] = []
        for (index, element) in elements.enumerated() {
            do {
                records.append(try encode(element))
                indices.append(index)
            } catch {
                let coded = error as? any CodedError
                refusals.append(
                    Refusal(index: index, code: coded?.code ?? "KAF117", reason: coded?.reason ?? "\(error)"))
            }
        }
        for (written, index) in zip(try producer.write(records, to: topic), indices) {
            if case .failure(let error) = written {
                refusals.append(Refusal(index: index, code: error.code, reason: error.reason))
            }
        }
        return refusals.sorted { $0.index < $1.index }
    }

    /// Nothing waits: every send has been acknowledged.
    public func finish() {}
}
