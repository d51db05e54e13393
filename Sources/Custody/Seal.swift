import Crypto
import Foundation

/// AES-256-GCM: a random nonce of 12 bytes, the ciphertext, and a tag of 16.
///
/// Random nonces are safe for some four thousand million messages under one key; a day has far fewer.
func seal(_ bytes: [UInt8], under key: SymmetricKey, binding: [UInt8]) -> [UInt8] {
    // It fails only for keys of a wrong size, and ours are all made with 256 bits.
    let box = try! AES.GCM.seal(bytes, using: key, authenticating: binding)
    return Array(box.nonce) + box.ciphertext + box.tag
}

/// - Throws: ``CustodyError/notAuthentic`` when a bit of the bytes, the key or the binding differs.
func unseal(_ bytes: [UInt8], under key: SymmetricKey, binding: [UInt8]) throws(CustodyError) -> [UInt8] {
    do {
        return Array(try AES.GCM.open(AES.GCM.SealedBox(combined: bytes), using: key, authenticating: binding))
    } catch {
        throw .notAuthentic
    }
}
