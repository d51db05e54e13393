/// What of a passage's plate and picture may be stored: nothing of either can be read without the keys.
public struct PassageProtection: Hashable, Sendable {
    public struct Plate: Hashable, Sendable {
        /// Sixteen bytes each: the keyed token of the text, and that of the text with look-alikes made equal.
        public var token, lookAlikeToken: [UInt8]
        /// Both tokens of the epoch before, where the passage is of the hours in which the two overlap.
        public var previous: Previous?
        /// The period whose key made the tokens: tokens of different epochs can't be compared.
        public var tokenEpoch: Int32
        /// The text under the period's key.
        public var sealedText: [UInt8]

        public struct Previous: Hashable, Sendable {
            public var token, lookAlikeToken: [UInt8]

            public init(token: [UInt8], lookAlikeToken: [UInt8]) {
                self.token = token
                self.lookAlikeToken = lookAlikeToken
            }
        }

        public init(
            token: [UInt8], lookAlikeToken: [UInt8], previous: Previous? = nil, tokenEpoch: Int32, sealedText: [UInt8]
        ) {
            self.token = token
            self.lookAlikeToken = lookAlikeToken
            self.previous = previous
            self.tokenEpoch = tokenEpoch
            self.sealedText = sealedText
        }
    }

    /// Nil when no plate was read.
    public var plate: Plate?
    /// The best crop under the period's key; nil when there is none.
    public var sealedCrop: [UInt8]?

    public init(plate: Plate?, sealedCrop: [UInt8]?) {
        self.plate = plate
        self.sealedCrop = sealedCrop
    }
}

/// Turns what identifies a vehicle into tokens and sealed bytes, before any of it reaches a database.
public protocol PassageProtecting: Sendable {
    /// - Parameter period: Of the partition that the passage will be stored in; its first sight lies in it.
    func protect(_ passage: Passage, in period: KeyPeriod) throws(ProtectionError) -> PassageProtection
}

/// Why a passage could not be protected. The code and reason are those of the keeper of the keys.
public enum ProtectionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// This passage can never be stored, for example because its period's key was destroyed: reject it and go on.
    case refused(code: String, reason: String)
    /// No passage can be stored now: the keys are out of reach.
    case unavailable(code: String, reason: String)

    public var description: String {
        switch self {
        case .refused(let code, let reason), .unavailable(let code, let reason): "\(code) \(reason)"
        }
    }
}
