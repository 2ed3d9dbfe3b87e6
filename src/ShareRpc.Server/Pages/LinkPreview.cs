using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Server.Access.Redeeming;

namespace ShareRpc.Server.Pages;

/// <summary>
/// What the owner of a share lets previews of a link say. It stands in the query of the link itself, signed by the
/// server for this share: so nothing is stored or looked up, and the page says the same whether the share is there,
/// was deleted, or its link was revoked.
/// </summary>
internal sealed record LinkPreview(string Title, string Description)
{
    /// <summary>The parameter of the query.</summary>
    public const string Parameter = "p";

    private const int MostTitle = 120;
    private const int MostDescription = 300;
    private const int MacBytes = 16;
    private const int MostText = 4_096;

    /// <summary>Returns the value of the parameter.</summary>
    /// <exception cref="ShareRpcException">The text is too long, or more than one line.</exception>
    public string Sign(string shareId, TokenVerifier keys)
    {
        bool isValid = IsLine(Title, 1, MostTitle) && IsLine(Description, 0, MostDescription);
        if (!isValid) throw new ShareRpcException(ErrorCode.InvalidParams);
        string text = Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(this, ProtocolJson.Options));
        return $"{text}.{Base64Url.EncodeToString(MacOf(keys.Keys[0], shareId, text))}";
    }

    /// <summary>Returns null for anything that was not signed for the share.</summary>
    public static LinkPreview? Read(string? signed, string shareId, TokenVerifier keys)
    {
        if (signed is null || signed.Length > MostText || signed.Split('.') is not [{ } text, { } mac]) return null;
        if (!Base64Url.IsValid(mac)) return null;
        byte[] given = Base64Url.DecodeFromChars(mac);
        bool isSigned = false;
        foreach (ServerKey key in keys.Keys)
            isSigned |= CryptographicOperations.FixedTimeEquals(MacOf(key, shareId, text), given);
        return isSigned
            ? JsonSerializer.Deserialize<LinkPreview>(Base64Url.DecodeFromChars(text), ProtocolJson.Options) : null;
    }

    private static bool IsLine(string? text, int least, int most) =>
        text is not null && text.Length >= least && text.Length <= most && !text.Any(char.IsControl);

    private static byte[] MacOf(ServerKey key, string shareId, string text) => HMACSHA256.HashData(
        key.Bytes, Encoding.UTF8.GetBytes($"sharerpc link preview\n{shareId}\n{text}"))[..MacBytes];
}
