namespace ShareRpc.Protocol.Tokens;

/// <summary>
/// CRC-32 (IEEE 802.3, reflected) of ASCII text: catches typing errors in tokens, is no secret and no authentication.
/// </summary>
internal static class Crc32
{
    private const uint ReflectedPolynomial = 0xEDB88320;

    public static uint Of(ReadOnlySpan<char> ascii)
    {
        uint crc = uint.MaxValue;
        foreach (char c in ascii)
        {
            crc ^= (byte)c;
            for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (ReflectedPolynomial & (0u - (crc & 1)));
        }

        return ~crc;
    }
}
