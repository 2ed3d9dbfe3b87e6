using System.IO.Hashing;
using System.Text;

namespace ShareRpc.Sources.Opencode2;

/// <summary>A row of <c>session_message</c>.</summary>
internal sealed record MessageRow(string Id, string Type, long Seq, long Created, long Updated, byte[] Data)
{
    /// <summary>Returns the digest of all that its documents are made of.</summary>
    public string Digest(bool isUndone)
    {
        var hash = new XxHash64();
        hash.Append(Encoding.UTF8.GetBytes($"{Type} {Created} {isUndone} "));
        hash.Append(Data);
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }
}
