using System.Globalization;

namespace ShareRpc.Tests.Protocol.Wire;

internal sealed class WireRefusedException(int status)
    : Exception("The upgrade was answered " + status.ToString(CultureInfo.InvariantCulture))
{
    public int Status => status;
}
