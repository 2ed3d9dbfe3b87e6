using System.Security.Cryptography;

namespace ShareRpc.Protocol.Ids;

/// <summary>Fixed width, most significant digit first.</summary>
internal static class Base62
{
    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>
    /// Returns the big-endian number in <paramref name="bytes"/> as exactly <paramref name="width"/> digits.
    /// </summary>
    public static string Encode(ReadOnlySpan<byte> bytes, int width)
    {
        Span<byte> rest = stackalloc byte[bytes.Length];
        bytes.CopyTo(rest);
        Span<char> text = stackalloc char[width];
        for (int i = width - 1; i >= 0; i--) text[i] = Digits[DivideBy62(rest)];
        CryptographicOperations.ZeroMemory(rest);
        return new string(text);
    }

    /// <summary>Returns random bits as a word of <paramref name="width"/> digits.</summary>
    public static string Random(int byteCount, int width)
    {
        Span<byte> bytes = stackalloc byte[byteCount];
        RandomNumberGenerator.Fill(bytes);
        string text = Encode(bytes, width);
        CryptographicOperations.ZeroMemory(bytes);
        return text;
    }

    public static bool IsWord(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c)) return false;
        }

        return true;
    }

    private static int DivideBy62(Span<byte> number)
    {
        int remainder = 0;
        for (int i = 0; i < number.Length; i++)
        {
            int value = (remainder << 8) | number[i];
            number[i] = (byte)(value / 62);
            remainder = value % 62;
        }

        return remainder;
    }
}
