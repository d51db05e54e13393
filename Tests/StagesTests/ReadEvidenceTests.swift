import Stages
import Testing

@Suite struct ReadEvidenceTests {
    @Test func `each kind of evidence raises the confidence`() {
        let base = ReadEvidence(posterior: 0.8, agreement: 0.33, fits: false).confidence
        #expect(ReadEvidence(posterior: 0.95, agreement: 0.33, fits: false).confidence > base)
        #expect(ReadEvidence(posterior: 0.8, agreement: 1, fits: false).confidence > base)
        #expect(ReadEvidence(posterior: 0.8, agreement: 0.33, fits: true).confidence > base)
    }

    @Test(arguments: [0.0, 1.0, 1e-300, 1 - 1e-16]) func `confidence stays inside its range at the ends`(
        posterior: Double
    ) {
        for agreement in [0.0, 1.0] {
            let confidence = ReadEvidence(posterior: posterior, agreement: agreement, fits: true).confidence
            #expect(confidence > 0 && confidence < 0.999)
        }
    }

    @Test func `a clear plate of a known pattern is accepted, a guess is not`() {
        #expect(ReadEvidence(posterior: 0.99, agreement: 1, fits: true).confidence >= ReadEvidence.defaultAbstain)
        #expect(ReadEvidence(posterior: 0.6, agreement: 0.33, fits: true).confidence < ReadEvidence.defaultAbstain)
    }
}
