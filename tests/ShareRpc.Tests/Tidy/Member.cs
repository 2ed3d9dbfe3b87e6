namespace ShareRpc.Tests.Tidy;

/// <summary>A method, constructor, property or type as it stands in a file; lines count from 1.</summary>
/// <param name="Header">The text up to the body, on one line.</param>
/// <param name="FirstLine">Where the header starts.</param>
/// <param name="LastLine">Where the body ends.</param>
/// <param name="IsType">True for a class, struct, record, interface or enum.</param>
/// <param name="Depth">How many types it is in.</param>
internal sealed record Member(string Header, int FirstLine, int LastLine, bool IsType, int Depth)
{
    public int Lines => LastLine - FirstLine + 1;
}
